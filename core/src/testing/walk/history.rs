//! What a walk has gone through.

use std::fmt;

use crate::lifecycle::{EdgeCounts, Lifecycle};
use crate::testing::Numbered;
use crate::testing::coverage::sealed;
use crate::testing::life::Life;

/// A life that could have happened: its events, and the states between them.
pub struct History<L: Lifecycle> {
    life: Life<L>,
    states: Vec<L>,
}

impl<L: Lifecycle> History<L> {
    pub(super) fn new() -> Self {
        let life = Life::<L>::new("walk");
        let states = vec![life.state().duplicate()];
        Self { life, states }
    }

    /// Records an event, if it is legal and its guard agrees.
    pub(super) fn go_on(&mut self, event: L::Event) -> bool {
        let possible = self.life.record(event).is_ok();
        if possible {
            self.states.push(self.life.state().duplicate());
        }
        possible
    }

    /// The events, oldest first.
    #[must_use]
    pub fn events(&self) -> &[L::Event] {
        &self.life.events
    }

    /// The states: the initial one, then that after each event. One more than there are events.
    #[must_use]
    pub fn states(&self) -> &[L] {
        &self.states
    }

    /// The state after the last event.
    #[must_use]
    pub const fn last(&self) -> &L {
        self.life.state()
    }
}

/// The events with what they say, and the states that they lead from and to.
impl<L: Lifecycle> fmt::Debug for History<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "history of `{}`:{}", L::DEFINITION.name, Numbered(&self.life.history))
    }
}

impl<L: Lifecycle> sealed::AddTo<L> for History<L> {
    fn add_to(&self, taken: &mut EdgeCounts, _: &mut EdgeCounts) {
        taken.add(&self.life.taken);
    }
}
