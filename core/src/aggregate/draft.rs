//! What an aggregate carries besides its state: where it came from and what waits to be committed.

use std::sync::Arc;

use crate::id::{CommitId, CorrelationId, EventId, LogId};
use crate::lifecycle::{Context, EventDefinition, Lifecycle, LifecycleEvent};
use crate::name::StreamId;
use crate::number::StreamVersion;
use crate::store::{Digest, Metadata, NameList, Payload};
use crate::time::{Clock, Timestamp};

/// The log an aggregate belongs to, and the clock of the bus that loaded it.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) log: LogId,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What caused the events of a draft.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cause {
    pub(crate) event: Option<EventId>,
    pub(crate) correlation: Option<CorrelationId>,
}

/// An event that waits to be committed.
pub(crate) struct Pending<E> {
    pub(crate) event: E,
    pub(crate) definition: &'static EventDefinition,
    pub(crate) payload: Payload,
    pub(crate) tags: NameList,
    pub(crate) metadata: Metadata,
    pub(crate) occurred_at: Timestamp,
    pub(crate) cause: Cause,
}

/// A commit of a draft whose outcome is unknown.
#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    /// Its id, which is not the draft's own if another aggregate stood first in it.
    pub(crate) commit: CommitId,
    pub(crate) digest: Digest,
    /// What else went into it.
    pub(crate) alongside: Digest,
    /// How many events of the draft it held.
    pub(crate) events: usize,
}

/// Everything of an aggregate but its state.
pub(crate) struct Draft<L: Lifecycle> {
    pub(crate) home: Home,
    pub(crate) stream: StreamId,
    /// The version that was loaded.
    pub(crate) base: Option<StreamVersion>,
    /// The state at that version, kept once something was recorded.
    origin: Option<L>,
    pub(crate) pending: Vec<Arc<Pending<L::Event>>>,
    pub(crate) commit: CommitId,
    /// The place in the commit of the first event that was recorded.
    first_index: u32,
    pub(crate) attempt: Option<Attempt>,
    pub(crate) cause: Cause,
    pub(crate) occurred_at: Option<Timestamp>,
    pub(crate) metadata: Metadata,
    /// The tags of what is recorded, instead of what each event says of itself.
    pub(crate) tags: Option<NameList>,
}

impl<L: Lifecycle> Draft<L> {
    pub(crate) fn new(home: Home, stream: StreamId, base: Option<StreamVersion>) -> Self {
        Self {
            home,
            stream,
            base,
            origin: None,
            pending: Vec::new(),
            commit: CommitId::generate(),
            first_index: 0,
            attempt: None,
            cause: Cause::default(),
            occurred_at: None,
            metadata: Metadata::default(),
            tags: None,
        }
    }

    /// A copy for a commit to work on, so that the original can be given back as it was.
    pub(crate) fn fork(&self) -> Self {
        Self {
            home: self.home.clone(),
            stream: self.stream.clone(),
            base: self.base,
            origin: self.origin.as_ref().map(L::duplicate),
            pending: self.pending.clone(),
            commit: self.commit,
            first_index: self.first_index,
            attempt: self.attempt,
            cause: self.cause,
            occurred_at: self.occurred_at,
            metadata: self.metadata.clone(),
            tags: self.tags.clone(),
        }
    }

    /// The place in the commit of the next event, if the draft is committed alone.
    pub(crate) fn next_index(&self) -> u32 {
        u32::try_from(self.pending.len()).unwrap_or(u32::MAX)
    }

    /// The context of the next event, `None` if the stream can hold no more.
    pub(crate) fn next_context(&self, index: u32) -> Option<Context> {
        let occurred_at = self.occurred_at.unwrap_or_else(|| self.home.clock.now());
        self.context(self.pending.len(), index, self.cause, occurred_at)
    }

    fn context(
        &self,
        nth: usize,
        index: u32,
        cause: Cause,
        occurred_at: Timestamp,
    ) -> Option<Context> {
        Some(Context {
            stream: self.stream.clone(),
            version: self.version_of(nth)?,
            event_id: EventId { commit: self.commit, index },
            correlation: cause.correlation.unwrap_or(self.commit),
            causation: cause.event,
            occurred_at,
        })
    }

    /// The version of the n-th event that was recorded, counted from 0.
    pub(crate) fn version_of(&self, nth: usize) -> Option<StreamVersion> {
        let before = self.base.map_or(0, StreamVersion::get);
        StreamVersion::new(before.checked_add(u64::try_from(nth).ok()?)?.checked_add(1)?)
    }

    /// The version of the stream once everything recorded is committed.
    pub(crate) fn version_after(&self) -> Option<StreamVersion> {
        let recorded = u64::try_from(self.pending.len()).unwrap_or(u64::MAX);
        StreamVersion::new(self.base.map_or(0, StreamVersion::get).saturating_add(recorded))
    }

    /// The state before the first event that was recorded; `None` if none was.
    pub(crate) const fn origin(&self) -> Option<&L> {
        self.origin.as_ref()
    }

    pub(crate) fn remember_origin(&mut self, state: impl FnOnce() -> L) {
        if self.origin.is_none() {
            self.origin = Some(state());
        }
    }

    pub(crate) fn push(
        &mut self,
        event: L::Event,
        context: &Context,
        (payload, tags): (Vec<u8>, NameList),
    ) {
        self.pending.push(Arc::new(Pending {
            definition: event.definition(),
            event,
            payload: payload.into(),
            tags: self.tags.clone().unwrap_or(tags),
            metadata: self.metadata.clone(),
            occurred_at: context.occurred_at,
            cause: self.cause,
        }));
    }

    /// Gives the draft its commit and the place in it of its first event, and folds what was
    /// recorded again, so that the state is the one that a reader of the log will see.
    pub(crate) fn join(&mut self, commit: CommitId, first_index: u32, state: L) -> L {
        if self.commit == commit && self.first_index == first_index {
            return state;
        }
        self.commit = commit;
        self.first_index = first_index;
        self.after(self.pending.len()).unwrap_or(state)
    }

    /// The state after so many of the events that were recorded, which stand together in the
    /// commit. `None` if nothing was.
    pub(crate) fn after(&self, events: usize) -> Option<L> {
        let mut folded = self.origin.as_ref()?.duplicate();
        for (nth, pending) in self.pending.iter().enumerate().take(events) {
            let index = self.first_index.saturating_add(u32::try_from(nth).ok()?);
            let context = self.context(nth, index, pending.cause, pending.occurred_at)?;
            // Legality does not depend on ids; only a hand-written `Lifecycle` is refused here.
            folded = folded.apply(&pending.event, &context).ok()?;
        }
        Some(folded)
    }

    /// Turns the page after a commit: nothing recorded, a new commit id for what comes next, and
    /// nothing said of it yet.
    pub(crate) fn committed(&mut self) {
        self.base = self.version_after();
        self.origin = None;
        self.pending.clear();
        self.commit = CommitId::generate();
        self.first_index = 0;
        self.attempt = None;
        self.cause = Cause::default();
        self.occurred_at = None;
        self.metadata = Metadata::default();
        self.tags = None;
    }
}
