//! The test kit: what a lifecycle does, said as given, when, then.
//!
//! Owns the ways to test what is declared with this crate. Never computes anything itself that the
//! library computes: events are recorded, encoded, decoded and folded by the code that does it in
//! earnest. A test fails by panicking, at the line of the test.
//!
//! Behind the feature `testing`; [`Walk`] behind the feature `proptest`.
//!
//! ```
//! # use serde::{Deserialize, Serialize};
//! # use vitae::{Context, Event, Lifecycle, Refusal};
//! use vitae::testing::{Coverage, Scenario};
//! # #[derive(Event, Serialize, Deserialize)]
//! # #[event(name = "order.placed")]
//! # struct Placed { cents: u64 }
//! # #[derive(Event, Serialize, Deserialize)]
//! # #[event(name = "order.paid")]
//! # struct Paid { cents: u64 }
//! # #[derive(Lifecycle, Debug, PartialEq)]
//! # #[lifecycle(name = "order")]
//! # enum Order {
//! #     #[state(initial)]
//! #     #[on(Placed => Open)]
//! #     Draft,
//! #     #[on(Paid if Open::is_enough => Done)]
//! #     Open(Open),
//! #     #[state(terminal)]
//! #     Done,
//! # }
//! # #[derive(Clone, Debug, PartialEq)]
//! # struct Open { cents: u64 }
//! # impl Open {
//! #     fn is_enough(&self, event: &Paid, _: &Context) -> Result<(), Refusal> {
//! #         if event.cents < self.cents { Err(Refusal::new("it is not enough")) } else { Ok(()) }
//! #     }
//! # }
//! # impl OrderTransitions for Order {
//! #     fn draft_on_placed(_: Draft, event: &Placed, _: &Context) -> Open {
//! #         Open { cents: event.cents }
//! #     }
//! # }
//!
//! // Each with `#[test]` in front.
//! fn an_order_is_paid_once() -> Scenario<Order> {
//!     Scenario::new()
//!         .given(Placed { cents: 5 })
//!         .when(Paid { cents: 5 })
//!         .then(Order::Done)
//!         .when(Paid { cents: 5 })
//!         .then_illegal()
//! }
//!
//! fn too_little_is_refused() -> Scenario<Order> {
//!     Scenario::new()
//!         .given(Placed { cents: 5 })
//!         .when(Paid { cents: 4 })
//!         .then_refused(Refusal::new("it is not enough"))
//! }
//!
//! fn every_edge_is_tested() {
//!     let coverage = Coverage::of([an_order_is_paid_once, too_little_is_refused]);
//!     coverage.assert_complete();
//!     coverage.assert_guards_refused();
//! }
//! # every_edge_is_tested();
//! ```
//!
//! - [`Scenario`]: one lifecycle, without a store.
//! - [`World`]: several lifecycles with their policies and projections.
//! - [`Coverage`]: which edges no test has taken.
//! - `Walk`: random histories, for properties that hold of all of them.
//! - [`EventsLock`]: the schemas of an event set in a file beside the code.
//! - [`store`]: the contract of a backend, a test for each rule.

mod coverage;
mod events_lock;
mod life;
mod payload;
mod scenario;
#[expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "its functions are tests: they fail by panicking"
)]
pub mod store;
#[cfg(feature = "proptest")]
mod walk;
mod world;

pub use coverage::{Coverage, Covers};
pub use events_lock::{EventsLock, EventsLockError, LockDifference};
pub use scenario::{Scenario, When};
#[cfg(feature = "proptest")]
pub use walk::{History, Walk};
pub use world::{World, WorldWhen};

use std::error::Error;
use std::fmt::{self, Display, Write};

use crate::lifecycle::{Definition, StateDefinition};

/// Fails the test.
#[track_caller]
#[expect(clippy::panic, reason = "it is how a test fails")]
fn fail(failure: &impl Display) -> ! {
    panic!("{failure}")
}

/// What went otherwise than a test says.
struct Failure<'a> {
    /// What was under test.
    what: String,
    expected: String,
    got: String,
    /// What else helps to see why, a line each.
    notes: Vec<String>,
    /// What had happened.
    history: &'a [String],
}

impl Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  expected: {}\n       got: {}", self.what, self.expected, self.got)?;
        for note in &self.notes {
            write!(f, "\n  {note}")?;
        }
        write!(f, "\n  history:{}", Numbered(self.history))
    }
}

/// What happened, an indented line each, counted from 1.
struct Numbered<'a>(&'a [String]);

impl Display for Numbered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(" nothing");
        }
        for (index, line) in self.0.iter().enumerate() {
            write!(f, "\n    {}. {line}", index.saturating_add(1))?;
        }
        Ok(())
    }
}

/// An error with all of its sources.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Writing into a `String` does not fail.
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}

/// What is legal in a state, as a line.
fn legal_in(definition: &'static Definition, state: &'static StateDefinition) -> String {
    let legal: Vec<_> =
        definition.legal_in(state).map(|event| format!("`{}`", event.name)).collect();
    match legal.as_slice() {
        [] => format!("legal in `{}`: nothing, it is terminal", state.name),
        legal => format!("legal in `{}`: {}", state.name, legal.join(", ")),
    }
}
