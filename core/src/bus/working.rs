//! The lives that take part in one commit, while it is put together.
//!
//! Works on copies: what the caller handed over stays as it was until the store has answered.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};

use super::parts::{PartKind, guarded};
use super::policy::{Handler, Reaction, ReactionError};
use super::timers::{self, Entered, PendingTimer, Unfired};
use super::{CommitReason, HandlerError, Inner, LoadError, sight, stream_of};
use crate::aggregate::{Aggregate, Cause};
use crate::id::{CommitId, EventId};
use crate::lifecycle::{Context, Lifecycle};
use crate::name::{InvalidName, Name, StreamId};
use crate::number::{KindVersion, StreamVersion};
use crate::store::{Commit, ExpectedVersion, NewEvent, RowChange, Snapshot, StreamAppend};
use crate::time::Timestamp;

/// An aggregate whose lifecycle is not known.
pub(super) trait Life: Any + Send {
    fn stream(&self) -> &StreamId;
    fn recorded(&self) -> usize;
    fn expected(&self) -> ExpectedVersion;
    fn new_event(&self, nth: usize, stream: usize, commit: CommitId) -> Option<NewEvent>;
    fn kind(&self, nth: usize) -> Option<&'static str>;
    fn version(&self, nth: usize) -> Option<StreamVersion>;
    fn join(&mut self, commit: CommitId, first_index: u32);
    fn snapshot(&self, inner: &Inner, last: EventId) -> Option<Snapshot>;
    fn entered(&self) -> Option<Entered>;
    fn remember(&self, inner: &Inner);
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<L: Lifecycle> Life for Aggregate<L> {
    fn stream(&self) -> &StreamId {
        &self.draft.stream
    }

    fn recorded(&self) -> usize {
        self.draft.pending.len()
    }

    fn expected(&self) -> ExpectedVersion {
        ExpectedVersion::read_at(self.draft.base)
    }

    fn new_event(&self, nth: usize, stream: usize, commit: CommitId) -> Option<NewEvent> {
        let pending = self.draft.pending.get(nth)?;
        Some(NewEvent {
            stream,
            kind: Name::from_static(pending.definition.kind).ok()?,
            kind_version: KindVersion::new(pending.definition.version)?,
            occurred_at: pending.occurred_at,
            correlation: pending.cause.correlation.unwrap_or(commit),
            causation: pending.cause.event,
            tags: pending.tags.clone(),
            metadata: pending.metadata.clone(),
            payload: pending.payload.clone(),
        })
    }

    fn kind(&self, nth: usize) -> Option<&'static str> {
        self.draft.pending.get(nth).map(|pending| pending.definition.kind)
    }

    fn version(&self, nth: usize) -> Option<StreamVersion> {
        self.draft.version_of(nth)
    }

    fn join(&mut self, commit: CommitId, first_index: u32) {
        self.state = self.draft.join(commit, first_index, self.state.duplicate());
    }

    fn snapshot(&self, inner: &Inner, last: EventId) -> Option<Snapshot> {
        inner.snapshots.due(self, last)
    }

    fn entered(&self) -> Option<Entered> {
        timers::entered(self)
    }

    fn remember(&self, inner: &Inner) {
        if let Some(version) = self.draft.version_after() {
            inner.recent.put(&self.draft.stream, version, &self.state);
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl dyn Life {
    fn is<T: 'static>(&self) -> bool {
        let life: &dyn Any = self;
        life.is::<T>()
    }
}

/// How many events policies may add to one commit: as many as a store takes unless told otherwise.
/// A circle that records several events each time would not come to its depth before.
const MAX_CAUSED: usize = 1 << 16;

/// The lives of one commit, and its events in their order.
pub(super) struct Working {
    commit: CommitId,
    lives: Vec<Option<Box<dyn Life>>>,
    by_stream: HashMap<StreamId, usize>,
    events: Vec<Slot>,
    /// How many of the events were there before policies were asked.
    own: usize,
    /// The timers that policies have set.
    pub(super) planned: Vec<PendingTimer>,
}

/// An event of the commit: whose, which of its, and how many causes deep.
#[derive(Clone, Copy)]
struct Slot {
    life: usize,
    nth: usize,
    depth: u32,
}

impl Working {
    /// A commit in which nobody takes part yet.
    pub(super) fn of_nobody(commit: CommitId) -> Self {
        Self {
            commit,
            lives: Vec::new(),
            by_stream: HashMap::new(),
            events: Vec::new(),
            own: 0,
            planned: Vec::new(),
        }
    }

    /// The lives a caller hands over, each with what was recorded in it.
    pub(super) fn new(commit: CommitId, lives: Vec<Box<dyn Life>>) -> Result<Self, CommitReason> {
        let mut working = Self::of_nobody(commit);
        for mut life in lives {
            let first_index = u32::try_from(working.events.len()).unwrap_or(u32::MAX);
            life.join(commit, first_index);
            if working.by_stream.contains_key(life.stream()) {
                return Err(CommitReason::SameStreamTwice { stream: life.stream().clone() });
            }
            for nth in 0..life.recorded() {
                working.events.push(Slot { life: working.lives.len(), nth, depth: 0 });
            }
            working.add(life);
        }
        Ok(working)
    }

    /// Lets a life take part that does not yet.
    pub(super) fn add(&mut self, life: Box<dyn Life>) -> usize {
        let index = self.lives.len();
        self.by_stream.insert(life.stream().clone(), index);
        self.lives.push(Some(life));
        index
    }

    /// Asks the policies about every event, theirs included, until nothing is left. What is there
    /// already counts as recorded by a caller.
    pub(super) fn react(&mut self, inner: &Inner) -> Result<(), CommitReason> {
        self.own = self.events.len();
        let mut next = 0;
        while let Some(slot) = self.events.get(next).copied() {
            let life = self.lives.get(slot.life).and_then(Option::as_ref);
            let kind = life.and_then(|life| life.kind(slot.nth)).unwrap_or_default();
            let policies = inner.policies.of(kind);
            if !policies.is_empty() {
                self.react_to(next, slot.depth.saturating_add(1), policies, inner)?;
            }
            next += 1;
        }
        Ok(())
    }

    fn react_to(
        &mut self,
        index: usize,
        depth: u32,
        policies: &[(Name, Handler)],
        inner: &Inner,
    ) -> Result<(), CommitReason> {
        let Some((event, context)) = self.event(index) else {
            return Ok(());
        };
        for (name, handler) in policies {
            let (policy, kind) = (name.clone(), event.kind.clone());
            let caused = self.events.len().saturating_sub(self.own);
            if depth > inner.policies.max_depth || caused > MAX_CAUSED {
                return Err(CommitReason::PolicyLoop { policy, kind, depth: depth - 1 });
            }
            let version = event.kind_version.get();
            let _span = sight::handling(PartKind::Policy, name, &event.kind, &context);
            let at = context.occurred_at;
            let mut reaction =
                Reaction { working: self, inner, policy: name, cause: &context, at, depth };
            let payload = event.payload.bytes().map_err(HandlerError::from);
            payload
                .and_then(|payload| guarded(|| handler(version, payload, &context, &mut reaction)))
                .map_err(|source| CommitReason::Policy { policy, kind, source })?;
        }
        Ok(())
    }

    /// An event of the commit as the store will see it, and what may be known of it.
    pub(super) fn event(&self, index: usize) -> Option<(NewEvent, Context)> {
        let slot = self.events.get(index)?;
        let life = self.lives.get(slot.life)?.as_ref()?;
        let event = life.new_event(slot.nth, slot.life, self.commit)?;
        let context = Context {
            stream: life.stream().clone(),
            version: life.version(slot.nth)?,
            event_id: EventId { commit: self.commit, index: u32::try_from(index).ok()? },
            correlation: event.correlation,
            causation: event.causation,
            occurred_at: event.occurred_at,
        };
        Some((event, context))
    }

    pub(super) fn events(&self) -> usize {
        self.events.len()
    }

    pub(super) fn state<L: Lifecycle>(&mut self, inner: &Inner, id: &str) -> Result<L, LoadError> {
        self.look_at(inner, id, |life: &Aggregate<L>| life.state.duplicate())
    }

    pub(super) fn look_at<L: Lifecycle, T>(
        &mut self,
        inner: &Inner,
        id: &str,
        look: impl FnOnce(&Aggregate<L>) -> T,
    ) -> Result<T, LoadError> {
        let (index, aggregate) = self.take::<L>(inner, id)?;
        let seen = look(&aggregate);
        self.put(index, aggregate);
        Ok(seen)
    }

    pub(super) fn record<L: Lifecycle>(
        &mut self,
        inner: &Inner,
        id: &str,
        event: L::Event,
        cause: &Context,
        (at, depth): (Timestamp, u32),
    ) -> Result<(), ReactionError<L::Refusal>> {
        let (life, mut aggregate) = self.take::<L>(inner, id)?;
        let index = u32::try_from(self.events.len()).unwrap_or(u32::MAX);
        let before = (aggregate.draft.cause, aggregate.draft.occurred_at);
        // What a caller says of its own events is not said of a policy's.
        let metadata = std::mem::take(&mut aggregate.draft.metadata);
        aggregate.draft.commit = self.commit;
        aggregate.draft.cause =
            Cause { event: Some(cause.event_id), correlation: Some(cause.correlation) };
        aggregate.draft.occurred_at = Some(at);
        let nth = aggregate.recorded();
        let (mut aggregate, outcome) = match aggregate.record_at(event, index) {
            Ok(aggregate) => {
                self.events.push(Slot { life, nth, depth });
                (aggregate, Ok(()))
            }
            Err(error) => {
                let (aggregate, reason) = error.into_parts();
                (aggregate, Err(ReactionError::Record(reason)))
            }
        };
        (aggregate.draft.cause, aggregate.draft.occurred_at) = before;
        aggregate.draft.metadata = metadata;
        self.put(life, aggregate);
        outcome
    }

    /// Takes a life out to work on it, loading it if the commit does not have it yet.
    fn take<L: Lifecycle>(
        &mut self,
        inner: &Inner,
        id: &str,
    ) -> Result<(usize, Aggregate<L>), LoadError> {
        let stream = stream_of::<L>(id)?;
        let index = match self.by_stream.get(&stream) {
            Some(index) => *index,
            None => self.add(Box::new(inner.load::<L>(id)?)),
        };
        // A life of another type stays in its place: the policy may go on without it.
        let life = self.lives.get_mut(index);
        let life = life.and_then(|life| life.take_if(|life| life.is::<Aggregate<L>>()));
        match life.map(|life| life.into_any().downcast::<Aggregate<L>>()) {
            Some(Ok(aggregate)) => Ok((index, *aggregate)),
            _ => Err(LoadError::TwoLifecycles { stream }),
        }
    }

    fn put<L: Lifecycle>(&mut self, index: usize, aggregate: Aggregate<L>) {
        if let Some(place) = self.lives.get_mut(index) {
            *place = Some(Box::new(aggregate));
        }
    }

    /// The commit as the store takes it, but for rows and checkpoints.
    pub(super) fn assemble(&self, inner: &Inner) -> Commit {
        let mut commit = Commit::new(self.commit);
        let mut streams = HashMap::new();
        for index in 0..self.events.len() {
            let Some((mut event, _)) = self.event(index) else {
                continue;
            };
            let Some(life) = self.lives.get(event.stream).and_then(Option::as_ref) else {
                continue;
            };
            event.stream = *streams.entry(event.stream).or_insert_with(|| {
                let append = StreamAppend { id: life.stream().clone(), expected: life.expected() };
                commit.streams.push(append);
                commit.streams.len() - 1
            });
            inner.schemas.add(&mut commit, &event.kind, event.kind_version);
            commit.events.push(event);
        }
        for timer in &self.planned {
            timer.add_schema(&inner.schemas, &mut commit);
        }
        // What was looked at and not moved must still be so.
        for (index, life) in self.lives.iter().enumerate() {
            if let Some(life) = life.as_ref().filter(|_| !streams.contains_key(&index)) {
                let looked_at =
                    StreamAppend { id: life.stream().clone(), expected: life.expected() };
                commit.streams.push(looked_at);
            }
        }
        commit
    }

    /// The snapshots that are due with this commit.
    pub(super) fn snapshots(&self, inner: &Inner) -> Vec<Snapshot> {
        if inner.snapshots.is_empty() {
            return Vec::new();
        }
        // The last event of each life: later ones take the place of earlier ones.
        let last: BTreeMap<usize, u32> =
            self.events.iter().zip(0..).map(|(slot, index)| (slot.life, index)).collect();
        let due = last.into_iter().filter_map(|(life, index)| {
            let last = EventId { commit: self.commit, index };
            self.lives.get(life)?.as_ref()?.snapshot(inner, last)
        });
        due.collect()
    }

    /// The rows of the timers that the commit sets.
    pub(super) fn timers(&self, unfired: &Unfired) -> Result<Vec<RowChange>, InvalidName> {
        let mut rows = Vec::new();
        for timer in &self.planned {
            unfired.warn(&timer.stream);
            rows.push(timer.change(None)?);
        }
        for (index, life) in self.lives.iter().enumerate() {
            let Some(Entered { nth, timers }) = life.as_ref().and_then(|life| life.entered())
            else {
                continue;
            };
            let by = self.events.iter().position(|slot| (slot.life, slot.nth) == (index, nth));
            let Some((_, context)) = by.and_then(|by| self.event(by)) else {
                continue;
            };
            unfired.warn(&context.stream);
            for (kind, after) in timers {
                rows.push(PendingTimer::set_by(&context, kind, after)?.change(None)?);
            }
        }
        Ok(rows)
    }

    /// Lets the bus remember the states that the commit led to, and look at the timers that it has set.
    pub(super) fn remember(&self, inner: &Inner) {
        if self.events.is_empty() && !self.planned.is_empty() {
            inner.parts.ring();
        }
        for life in self.lives.iter().flatten() {
            life.remember(inner);
        }
    }

    /// Takes out the copy of a life that the caller handed over.
    pub(super) fn take_out<L: Lifecycle>(&mut self, stream: &StreamId) -> Option<Aggregate<L>> {
        let index = *self.by_stream.get(stream)?;
        let life = self.lives.get_mut(index)?.take()?.into_any();
        life.downcast::<Aggregate<L>>().ok().map(|aggregate| *aggregate)
    }
}
