//! Timers: what a commit sets, what is pending, and what happens when the time has come.
//!
//! Owns the view `vitae.timers`, a row for each timer that was set. Never takes a row's word: whether
//! its timer still stands is read from the life's events when it is due. So a commit sets the timers of
//! states without reading, and leaving a state ends them without writing. Those of policies stand in the
//! same view, with what they make happen.

use crate::name::Name;

mod count;
mod due;
mod fire;
mod pending;
mod planned;
mod restore;
mod row;
mod set;
mod unfired;

pub use count::DueTimers;
pub(super) use fire::Lifecycles;
pub use pending::{PendingTimer, PendingTimers};
pub use restore::RestoreTimersError;
pub(super) use set::{Entered, entered};
pub(super) use unfired::Unfired;

/// The view with a row for each timer that was set.
const VIEW: Name = Name::of_library("vitae.timers");
