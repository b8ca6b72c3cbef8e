//! What came of an event of a world.

use std::fmt::{self, Debug};

use super::World;
use crate::aggregate::RecordReason;
use crate::bus::CommitReason;
use crate::lifecycle::{Lifecycle, StateDefinition};
use crate::testing::{legal_in, told};

/// Why nothing was committed.
pub(super) enum Refused<R> {
    Record(RecordReason<R>),
    Commit(CommitReason),
}

/// What came of an event of a [`World`]: say what is expected of it.
#[must_use = "nothing is expected yet: say `then…`"]
pub struct WorldWhen<L: Lifecycle> {
    world: World,
    what: String,
    from: &'static StateDefinition,
    outcome: Result<(), Refused<L::Refusal>>,
}

impl<L: Lifecycle> WorldWhen<L> {
    pub(super) const fn new(
        world: World,
        what: String,
        from: &'static StateDefinition,
        outcome: Result<(), Refused<L::Refusal>>,
    ) -> Self {
        Self { world, what, from, outcome }
    }

    /// It was committed, and a life is in this state: see [`World::then`].
    #[track_caller]
    pub fn then<M>(self, id: impl AsRef<str>, state: M) -> World
    where
        M: Lifecycle + PartialEq + Debug,
    {
        self.then_committed().then(id, state)
    }

    /// It was committed, as exactly these events: see [`World::then_events`].
    #[track_caller]
    pub fn then_events<E: AsRef<str>>(self, events: impl IntoIterator<Item = E>) -> World {
        self.then_committed().then_events(events)
    }

    /// It was committed.
    #[track_caller]
    pub fn then_committed(self) -> World {
        if self.outcome.is_err() {
            self.failed("that it is committed".to_owned());
        }
        self.world
    }

    /// The life's state has no edge for the event. Nothing was committed.
    #[track_caller]
    pub fn then_illegal(self) -> World {
        match &self.outcome {
            Err(Refused::Record(RecordReason::Illegal(_))) => self.world,
            _ => self.failed("that it is illegal".to_owned()),
        }
    }

    /// The edge's guard said no, in these words. Nothing was committed.
    #[track_caller]
    pub fn then_refused(self, refusal: L::Refusal) -> World
    where
        L::Refusal: PartialEq,
    {
        match &self.outcome {
            Err(Refused::Record(RecordReason::Refused(got))) if *got == refusal => self.world,
            _ => self.failed(format!("refused: {}", told(&refusal))),
        }
    }

    /// The event was recorded, and its commit failed: on a policy, a projection, a loop. Why, is
    /// looked at by a function that panics if it is not as it should be. Nothing was committed.
    #[track_caller]
    pub fn then_failed(self, look: impl FnOnce(&CommitReason)) -> World {
        match &self.outcome {
            Err(Refused::Commit(reason)) => look(reason),
            _ => self.failed("that its commit fails".to_owned()),
        }
        self.world
    }

    #[track_caller]
    fn failed(&self, expected: String) -> ! {
        let got = match &self.outcome {
            Ok(()) => "committed".to_owned(),
            Err(Refused::Record(RecordReason::Refused(refusal))) => {
                format!("refused: {}", told(refusal))
            }
            Err(Refused::Record(RecordReason::Illegal(_))) => "illegal".to_owned(),
            Err(Refused::Record(reason)) => told(reason),
            Err(Refused::Commit(reason)) => told(reason),
        };
        let notes = vec![legal_in(L::DEFINITION, self.from)];
        self.world.failed_with(self.what.clone(), expected, got, notes)
    }
}

impl<L: Lifecycle> fmt::Debug for WorldWhen<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorldWhen").field("what", &self.what).finish_non_exhaustive()
    }
}
