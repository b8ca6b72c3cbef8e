//! An effect at work: the events that come for the first time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use super::acts::Acts;
use super::index::Index;
use super::life::{Due, EffectFailed, EffectHeld, EffectParked, SetAside, Waiting, life_of};
use super::{BackOff, Call, Effect, Handler};
use crate::aggregate::context_of;
use crate::bus::parts::{
    Follower, Part, PartError, PartKind, Prepared, Step, Stop, Stopped, guarded, lock,
    until_stopped,
};
use crate::bus::{CommitReason, HandlerError, Inner, LoadError, OpenError, sight};
use crate::lifecycle::{Context, Lifecycle};
use crate::name::{InvalidName, Name, StreamId};
use crate::number::GlobalPosition;
use crate::store::{EventRef, Query, ReadError};
use crate::time::Timestamp;

/// The most events that are tried before the checkpoint moves: as many as are tried again after a crash.
const BATCH: usize = 16;

/// The most bytes of an error that are kept.
const MAX_ERROR: usize = 1_024;

/// What a try came to: nothing, or what went wrong.
pub(super) type Outcome = Result<(), String>;

/// What tries came to that are not on the log yet: should the store fail, they are not made again.
#[derive(Default)]
struct Tries {
    first: BTreeMap<GlobalPosition, Outcome>,
    further: Further,
}

/// Tries of events that were set aside, each with what was due then.
pub(super) type Further = BTreeMap<GlobalPosition, (Due, Outcome)>;

pub(in crate::bus) struct EffectPart {
    pub(super) name: Name,
    pub(super) index: Index,
    handlers: HashMap<&'static str, Handler>,
    back_off: BackOff,
    attempts: u32,
    follower: Follower,
    /// Held for the whole of a step, handlers included: of several threads that work here, one at a time
    /// tries anything, and so the events of a stream come in their order.
    tries: Mutex<Tries>,
    /// The last try that failed, if it was not told yet.
    complaint: Mutex<Option<PartError>>,
}

impl EffectPart {
    pub(in crate::bus) fn new(effect: Effect) -> Result<Self, OpenError> {
        let name = Name::new(&effect.name)?;
        let checkpoint = checkpoint_of(&name)?;
        let kinds = effect.handlers.keys().filter_map(|kind| Name::from_static(kind).ok());
        let follower = Follower::new(checkpoint, Query::kinds(kinds), effect.start, BATCH);
        Ok(Self {
            index: Index::of(&name),
            name,
            handlers: effect.handlers,
            back_off: effect.back_off,
            attempts: effect.attempts,
            follower,
            tries: Mutex::default(),
            complaint: Mutex::default(),
        })
    }

    fn follow(
        &self,
        inner: &Inner,
        tried: &mut BTreeMap<GlobalPosition, Outcome>,
        stop: Stop<'_>,
    ) -> Result<Step, PartError> {
        let mut asked = 0;
        self.follower.step(inner, |_, events| {
            asked += 1;
            // What stands before them is on the log by now.
            if let Some(first) = events.first() {
                tried.retain(|position, _| *position >= first.position());
            }
            // What was tried is committed, whoever is to stop.
            let stop = || asked == 1 && stop();
            self.prepare(inner, events, tried, (asked == 1, &stop))
        })
    }

    fn prepare<'p>(
        &self,
        inner: &'p Inner,
        events: &[EventRef<'_>],
        tried: &mut BTreeMap<GlobalPosition, Outcome>,
        (may_try, stop): (bool, Stop<'_>),
    ) -> Result<Prepared<'p>, Stopped> {
        let mut acts = Acts::new(inner, &self.index);
        let mut dealt = 0;
        for (at, event) in until_stopped(events, stop) {
            let taken = self.take(inner, event, &mut acts, |context| {
                if may_try {
                    tried.entry(event.position()).or_insert_with(|| self.act(event, context, 1));
                }
                tried.get(&event.position()).cloned()
            });
            taken.map_err(|error| Stopped { at, error })?;
            dealt = at + 1;
        }
        let (commit, working) = acts.complete().map_err(|source| {
            // Whose event it was is not known: all but the first are taken without it.
            let position = events.first().map_or(GlobalPosition::FIRST, EventRef::position);
            Stopped { at: dealt / 2, error: of_commit(position, source) }
        })?;
        Ok(Prepared::of(commit, move |_| working.remember(inner)).of_first(dealt))
    }

    /// Has an event tried, unless an earlier one of its stream is set aside, and records what did not go
    /// well.
    fn take(
        &self,
        inner: &Inner,
        event: &EventRef<'_>,
        acts: &mut Acts<'_>,
        outcome: impl FnOnce(&Context) -> Option<Outcome>,
    ) -> Result<(), PartError> {
        let stream = StreamId::new(event.category(), event.stream())?;
        let life = life_of(&self.name, &stream);
        let context = context_of(stream, event);
        let position = event.position();
        let state = acts.state(&life).map_err(|error| of_commit(position, error.into()))?;
        let act: <SetAside as Lifecycle>::Event = match state {
            SetAside::Waiting(Waiting { next: None, .. }) => match outcome(&context) {
                Some(Ok(())) => return Ok(()),
                Some(Err(error)) => self.failed(event, 1, error, inner.home.clock.now()),
                // Others may be waiting now, and no handler runs while they do: with the next step.
                None => {
                    let later = "it waited for an earlier one, and is tried with the next step";
                    return Err(PartError::of_handler(event, later.into()));
                }
            },
            _ => EffectHeld { position: position.get() }.into(),
        };
        acts.record(&life, act, &context)
            .map_err(|error| PartError::of_handler(event, error.into()))
    }

    /// Tries an event.
    pub(super) fn act(&self, event: &EventRef<'_>, context: &Context, attempt: u32) -> Outcome {
        // An erased payload says nothing any more, so there is nothing to do about it.
        let Ok(payload) = event.payload() else {
            return Ok(());
        };
        let Some(handler) = self.handlers.get(event.kind()) else {
            return Err("the effect does not handle this kind any more".to_owned());
        };
        let call = Call { key: format!("{}/{}", self.name, event.id()), attempt };
        let version = event.kind_version().get();
        let _span = sight::handling(PartKind::Effect, &self.name, event.kind(), context);
        guarded(|| handler(version, payload, context, &call)).map_err(|error| {
            let text = told(&error);
            *lock(&self.complaint) = Some(PartError::of_handler(event, error));
            text
        })
    }

    /// What is recorded of a try that failed.
    pub(super) fn failed(
        &self,
        event: &EventRef<'_>,
        attempt: u32,
        error: String,
        now: Timestamp,
    ) -> <SetAside as Lifecycle>::Event {
        let effect = self.name.to_string();
        let (category, stream) = (event.category().to_owned(), event.stream().to_owned());
        let (position, kind) = (event.position().get(), event.kind().to_owned());
        if attempt >= self.attempts {
            let attempts = attempt;
            return EffectParked { effect, category, stream, position, kind, attempts, error }
                .into();
        }
        let wait = self.back_off.wait(self.name.as_str(), event.position(), attempt);
        let next_try = now.saturating_add(wait).as_micros();
        EffectFailed { effect, category, stream, position, kind, attempt, error, next_try }.into()
    }
}

impl Part for EffectPart {
    fn kind(&self) -> PartKind {
        PartKind::Effect
    }

    fn name(&self) -> &Name {
        &self.name
    }

    fn complaint(&self) -> Option<PartError> {
        lock(&self.complaint).take()
    }

    /// One event that is due again, and the next ones that are new: neither keeps the other waiting.
    fn step(&self, inner: &Inner, stop: Stop<'_>) -> Result<Step, PartError> {
        let mut tries = lock(&self.tries);
        let retried = self.retry(inner, &mut tries.further);
        let followed = match stop() {
            true => Ok(Step::IDLE),
            false => self.follow(inner, &mut tries.first, stop),
        };
        match (retried, followed) {
            (Ok(Step::Moved), Err(error)) | (Err(error), Ok(Step::Moved)) => {
                *lock(&self.complaint) = Some(error);
                Ok(Step::Moved)
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
            (_, Ok(Step::Moved)) => Ok(Step::Moved),
            (retried, Ok(Step::Idle { .. })) => retried,
        }
    }

    /// One that cannot be recorded must not keep back for long what is due meanwhile.
    fn longest_pause(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn position(&self, inner: &Inner) -> Result<Option<GlobalPosition>, ReadError> {
        self.follower.position(inner)
    }

    fn seen(&self, _: &Inner) -> Option<GlobalPosition> {
        self.follower.seen()
    }

    fn parked(&self, inner: &Inner) -> Result<Option<usize>, ReadError> {
        self.index.count_parked(inner).map(Some)
    }
}

pub(super) fn checkpoint_of(effect: &Name) -> Result<Name, InvalidName> {
    Name::new(format!("effect/{effect}"))
}

pub(super) fn of_commit(position: GlobalPosition, source: CommitReason) -> PartError {
    match source {
        CommitReason::Read(error) | CommitReason::Load(LoadError::Read(error)) => {
            PartError::Read(error)
        }
        source => PartError::Commit { position, source: Box::new(source) },
    }
}

/// An error with everything behind it, as text of a bounded length.
fn told(error: &HandlerError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source.filter(|_| text.len() < MAX_ERROR) {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    let end = (0..=MAX_ERROR).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
    text
}
