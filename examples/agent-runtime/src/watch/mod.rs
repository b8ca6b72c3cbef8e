//! Everything live on a terminal.
//!
//! ```text
//!   the log ──► look ──┐                          ┌──► view: a frame
//!   keys ──────────────┼──► message ──► Model ────┤
//!   an answer's end ───┘    (update)              └──► act: quit, or answer
//! ```
//! Owns what is shown where, and what keys mean. The model is pure: it reads nothing and writes
//! nothing. Must never keep the store open for writing, and never leave a terminal that it has changed.

mod model;
mod terminal;
mod view;

pub use model::{Act, Message, Model, Pane, Typed};
pub use terminal::{WatchError, watch};
pub use view::draw;
