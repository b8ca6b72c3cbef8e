//! Diagrams of state machines, as text and as pictures.
//!
//! A [`Diagram`] is a value: named states, and edges between them with a label, perhaps a guard and
//! a count. It renders to [Mermaid](Diagram::to_mermaid), to [DOT](Diagram::to_dot) and, with the
//! feature `svg`, to [SVG](Diagram::to_svg).
//!
//! It must never know what a lifecycle is: `vitae` makes diagrams at run time and `vitae-macros`
//! for the documentation, each from what it has.
//!
//! ```
//! use vitae_diagram::{Diagram, Edge, State};
//!
//! let lamp = Diagram::new(
//!     "lamp",
//!     [State::new("Off").initial(), State::new("On")],
//!     [Edge::new(0, 1, "switched_on"), Edge::new(1, 0, "switched_off")],
//! );
//! assert!(lamp.to_mermaid().contains("s0 --> s1 : switched_on"));
//! ```

mod diagram;
mod dot;
mod mermaid;
#[cfg(feature = "svg")]
mod svg;
mod text;

pub use diagram::{Diagram, Edge, Mismatch, State};
