//! Given events, when event, then state or refusal: one lifecycle, without a store.

use std::fmt::{self, Debug};
use std::process::{ExitCode, Termination};

use super::life::Life;
use super::payload::shown;
use super::{Failure, fail, legal_in, told};
use crate::aggregate::RecordReason;
use crate::lifecycle::{Lifecycle, State, StateDefinition};
use crate::time::Timestamp;

/// What happens in one life, step by step: the events that are [`given`](Self::given), an event
/// [`when`](Self::when), and what is expected [`then`](When::then).
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use vitae::{Event, Lifecycle};
/// # use vitae::testing::Scenario;
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(name = "lamp.on")]
/// # struct On;
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(name = "lamp.off")]
/// # struct Off;
/// # #[derive(Lifecycle, Debug, PartialEq)]
/// # #[lifecycle(name = "lamp")]
/// # enum Lamp {
/// #     #[state(initial)]
/// #     #[on(On => Bright)]
/// #     Dark,
/// #     #[on(Off => Dark)]
/// #     Bright,
/// # }
/// # impl LampTransitions for Lamp {}
/// Scenario::<Lamp>::new().given(On).when(Off).then(Lamp::Dark).when(Off).then_illegal();
/// ```
///
/// Whatever is recorded goes to bytes and back on the way: rendered with its schema, decoded,
/// encoded again, folded. The scenario fails where these disagree. To a body, every event is a commit
/// of its own that nothing has caused; the id of the commit is the event's version as a number.
///
/// A test may return its scenario, for [`Coverage`](super::Coverage) to see which edges it takes.
pub struct Scenario<L: Lifecycle> {
    pub(super) life: Life<L>,
}

impl<L: Lifecycle> Scenario<L> {
    /// A life before its first event, with the id `scenario`.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self::of("scenario")
    }

    /// A life before its first event, with an id of its own.
    #[must_use]
    #[track_caller]
    pub fn of(id: impl AsRef<str>) -> Self {
        Self { life: Life::new(id.as_ref()) }
    }

    /// Sets when the events from here on occur. Unless set, it is 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn at(mut self, time: Timestamp) -> Self {
        self.life.at = time;
        self
    }

    /// An event that stands on the log. What is on the log happened: its guard is not asked. One
    /// that is not legal fails the test.
    #[must_use]
    #[track_caller]
    pub fn given(mut self, event: impl Into<L::Event>) -> Self {
        let event = event.into();
        let (from, event_shown) = (self.life.state().state(), shown(&event));
        if let Err(reason) = self.life.happened(event) {
            fail(&Failure {
                what: what::<L>("given", &event_shown, from),
                expected: "that it could have happened".to_owned(),
                got: told(&reason),
                notes: Vec::new(),
                history: &self.life.history,
            });
        }
        self
    }

    /// Records an event: its guard is asked. What comes of it is for the `then…` that follows.
    #[track_caller]
    pub fn when(mut self, event: impl Into<L::Event>) -> When<L> {
        let event = event.into();
        let (from, shown) = (self.life.state().state(), shown(&event));
        let outcome = self.life.record(event);
        When { life: self.life, from, shown, outcome }
    }

    /// The events so far, oldest first.
    #[must_use]
    pub fn events(&self) -> &[L::Event] {
        &self.life.events
    }

    /// The state, as it is read back from the events so far.
    #[must_use]
    pub const fn state(&self) -> &L {
        self.life.state()
    }
}

impl<L: Lifecycle> Default for Scenario<L> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: Lifecycle> fmt::Debug for Scenario<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario").field("history", &self.life.history).finish_non_exhaustive()
    }
}

/// A test that returns its scenario has succeeded: one that fails has panicked before.
impl<L: Lifecycle> Termination for Scenario<L> {
    fn report(self) -> ExitCode {
        ExitCode::SUCCESS
    }
}

/// What came of an event of a [`Scenario`]: say what is expected of it.
#[must_use = "nothing is expected yet: say `then…`"]
pub struct When<L: Lifecycle> {
    life: Life<L>,
    from: &'static StateDefinition,
    shown: String,
    /// The state that recording has led to, not read back.
    outcome: Result<L, RecordReason<L::Refusal>>,
}

impl<L: Lifecycle> When<L> {
    /// The event was recorded and led to this state: so says the recording, and so say the bytes
    /// that were read back. Where only the second differs, a body looks at something else than
    /// state, event and context.
    #[track_caller]
    pub fn then(self, state: L) -> Scenario<L>
    where
        L: PartialEq + Debug,
    {
        let Ok(recorded) = &self.outcome else {
            self.failed(format!("state {state:?}"));
        };
        if *recorded != state {
            self.otherwise(format!("state {state:?}"), format!("state {recorded:?}"));
        }
        let read = self.life.state();
        if *read != state {
            let got = format!("state {read:?}, read back; a body must be pure");
            self.otherwise(format!("state {state:?}, recorded and read back"), got);
        }
        self.go_on()
    }

    /// The event was recorded and led to a state of this type.
    #[track_caller]
    pub fn then_in<S: State<Lifecycle = L>>(self) -> Scenario<L> {
        let expected = || format!("state `{}`", S::DEFINITION.name);
        if self.outcome.is_err() {
            self.failed(expected());
        }
        if self.life.state().state().name != S::NAME {
            let got = format!("state `{}`", self.life.state().state().name);
            self.otherwise(expected(), got);
        }
        self.go_on()
    }

    /// The event was recorded; the state, read back, is looked at by a function that panics if it is
    /// not as it should be.
    #[track_caller]
    pub fn then_state(self, look: impl FnOnce(&L)) -> Scenario<L> {
        if self.outcome.is_err() {
            self.failed("that it is recorded".to_owned());
        }
        look(self.life.state());
        self.go_on()
    }

    /// The state has no edge for the event.
    #[track_caller]
    pub fn then_illegal(self) -> Scenario<L> {
        match &self.outcome {
            Err(RecordReason::Illegal(_)) => self.go_on(),
            _ => self.failed("that it is illegal".to_owned()),
        }
    }

    /// The edge's guard said no, in these words.
    #[track_caller]
    pub fn then_refused(self, refusal: L::Refusal) -> Scenario<L>
    where
        L::Refusal: PartialEq,
    {
        match &self.outcome {
            Err(RecordReason::Refused(got)) if *got == refusal => self.go_on(),
            _ => self.failed(format!("refused: {}", told(&refusal))),
        }
    }

    /// The edge's guard said no; what it said is looked at by a function that panics if it is not as
    /// it should be.
    #[track_caller]
    pub fn then_refusal(self, look: impl FnOnce(&L::Refusal)) -> Scenario<L> {
        match &self.outcome {
            Err(RecordReason::Refused(refusal)) => look(refusal),
            _ => self.failed("that its guard refuses it".to_owned()),
        }
        self.go_on()
    }

    fn go_on(self) -> Scenario<L> {
        Scenario { life: self.life }
    }

    /// Fails with what came of the event.
    #[track_caller]
    fn failed(&self, expected: String) -> ! {
        let got = match &self.outcome {
            Ok(_) => format!("recorded, state `{}`", self.life.state().state().name),
            Err(RecordReason::Refused(refusal)) => format!("refused: {}", told(refusal)),
            Err(RecordReason::Illegal(_)) => "illegal".to_owned(),
            Err(reason) => told(reason),
        };
        self.otherwise(expected, got)
    }

    #[track_caller]
    fn otherwise(&self, expected: String, got: String) -> ! {
        fail(&Failure {
            what: what::<L>("when", &self.shown, self.from),
            expected,
            got,
            notes: vec![legal_in(L::DEFINITION, self.from)],
            history: &self.life.history,
        })
    }
}

impl<L: Lifecycle> fmt::Debug for When<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("When").field("event", &self.shown).finish_non_exhaustive()
    }
}

fn what<L: Lifecycle>(step: &str, event: &str, from: &StateDefinition) -> String {
    format!("scenario of `{}`, {step} {event} in state `{}`", L::DEFINITION.name, from.name)
}
