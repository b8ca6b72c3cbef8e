//! The timers of a state, as a declaration gives them.
//!
//! Owns what a timer is made of. Must never ask a clock: when it is time is for others to say.

use std::fmt;
use std::time::Duration;

use super::LifecycleEvent;
use crate::event::Event;

/// A timer of a state: `#[after(duration => Event)]`.
#[derive(Clone, Copy)]
pub struct Timer<E> {
    /// How long after the state was entered.
    pub after: Duration,
    /// The stored name of the event.
    pub kind: &'static str,
    /// Makes the event.
    pub event: fn() -> E,
}

impl<E: LifecycleEvent> Timer<E> {
    pub(crate) fn new<P: Event + TimerEvent>(after: Duration) -> Self
    where
        E: From<P>,
    {
        Self { after, kind: P::KIND, event: || P::default().into() }
    }
}

impl<E> fmt::Debug for Timer<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("after", &self.after)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What a timer can make happen: an event that implements [`Default`], for nobody is there to say
/// what stands in it. What it is about stands in the state, and its tags are those of the event that
/// entered the state.
#[diagnostic::on_unimplemented(
    message = "a timer cannot make `{Self}` happen: it has no default",
    label = "no `Default`",
    note = "a timer makes its event itself: derive `Default` for `{Self}`, or implement it"
)]
pub trait TimerEvent: Default {}

#[diagnostic::do_not_recommend]
impl<E: Default> TimerEvent for E {}
