//! An aggregate: one life of a lifecycle, loaded from its stream, with the events that were
//! recorded since and wait to be committed.
//!
//! Owns recording, typed and untyped. Never reads or writes a store: the bus loads it and commits
//! it.

mod draft;
mod error;
mod fold;
mod record;
pub(crate) mod split;

pub(crate) use draft::{Attempt, Cause, Draft, Home};
pub use error::{RecordError, RecordReason, WrongState};
pub(crate) use fold::context_of;
pub use fold::{Fold, FoldError, FoldReason};
pub use record::Recordable;

use std::fmt;

use crate::id::{CommitId, CorrelationId, EventId};
use crate::lifecycle::{AnyState, Lifecycle, Stage, State};
use crate::name::StreamId;
use crate::number::StreamVersion;
use crate::store::{Metadata, NameList};
use crate::time::Timestamp;

/// One life of a lifecycle.
///
/// `Aggregate<Workflow>` is in a state that is known at run time: look at it with
/// [`state`](Aggregate::state), ask for one with [`at`](Aggregate::at), or sort it with
/// [`typed`](Aggregate::typed). `Aggregate<Workflow, Idle>` is in a state that the compiler knows:
/// only events that are legal there can be recorded.
///
/// Recording changes nothing in the log: [`Bus::commit`](crate::Bus::commit) does. Whatever takes
/// an aggregate gives it back, in its result or in its error, so that a retry is the same commit.
pub struct Aggregate<L: Lifecycle, S: Stage<L> = AnyState> {
    pub(crate) draft: Box<Draft<L>>,
    pub(crate) state: S::Held,
}

impl<L: Lifecycle, S: Stage<L>> Aggregate<L, S> {
    /// The stream: the lifecycle's name as category, and the id.
    #[must_use]
    pub const fn stream(&self) -> &StreamId {
        &self.draft.stream
    }

    /// The version of the stream as it was loaded or last committed; `None` if it did not exist.
    #[must_use]
    pub const fn version(&self) -> Option<StreamVersion> {
        self.draft.base
    }

    /// How many events were recorded and wait to be committed.
    #[must_use]
    pub const fn recorded(&self) -> usize {
        self.draft.pending.len()
    }

    /// The id that the commit of this aggregate has, alone or as the first of several.
    #[must_use]
    pub const fn commit_id(&self) -> CommitId {
        self.draft.commit
    }

    /// Sets when the events recorded from here to the next commit happened. Unless set, it is the
    /// bus's clock.
    #[must_use]
    pub fn occurring_at(mut self, at: Timestamp) -> Self {
        self.draft.occurred_at = Some(at);
        self
    }

    /// Sets what else is known of the events recorded from here to the next commit.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.draft.metadata = metadata;
        self
    }

    /// Sets the tags of the events recorded from here to the next commit; `None` is what each event says
    /// itself.
    pub(crate) fn tagged(mut self, tags: Option<NameList>) -> Self {
        self.draft.tags = tags;
        self
    }

    /// Sets what caused the events recorded from here to the next commit: an event, and what it
    /// belongs to.
    #[must_use]
    pub fn caused_by(mut self, event: EventId, correlation: CorrelationId) -> Self {
        self.draft.cause = Cause { event: Some(event), correlation: Some(correlation) };
        self
    }

    /// The state: its data where the compiler knows which it is, else the lifecycle.
    #[must_use]
    pub const fn state(&self) -> &S::Held {
        &self.state
    }

    /// Records an event. Where the state is known to the compiler, one that is not legal there does
    /// not compile; else it is an error.
    ///
    /// # Errors
    /// [`RecordError`], with the aggregate as it was in it, if the event is not legal in the present
    /// state, the edge's guard refuses, the event or its tags cannot be encoded, or the stream is
    /// full.
    pub fn record<E: Recordable<L, S, To = To>, To: Stage<L>>(
        self,
        event: E,
    ) -> Result<Aggregate<L, To>, RecordError<Self, L::Refusal>> {
        event.record_in(self)
    }
}

impl<L: Lifecycle> Aggregate<L> {
    /// The aggregate with its state known to the compiler.
    ///
    /// # Errors
    /// [`WrongState`], with the aggregate in it, if it is in another state.
    pub fn at<S: Stage<L>>(self) -> Result<Aggregate<L, S>, WrongState<L>> {
        let Self { draft, state } = self;
        match S::hold(state) {
            Ok(state) => Ok(Aggregate { draft, state }),
            Err(state) => Err(WrongState::new(Self { draft, state }, S::NAME)),
        }
    }

    /// The aggregate, sorted by its state: match on what comes back.
    #[must_use]
    pub fn typed(self) -> L::Typed {
        L::typed(self)
    }
}

impl<L: Lifecycle, S: State<Lifecycle = L>> Aggregate<L, S> {
    /// The aggregate with its state known at run time only.
    #[must_use]
    pub fn untyped(self) -> Aggregate<L> {
        Aggregate { draft: self.draft, state: S::release(self.state) }
    }
}

impl<L: Lifecycle, S: Stage<L>> fmt::Debug for Aggregate<L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aggregate")
            .field("stream", &self.draft.stream)
            .field("version", &self.draft.base)
            .field("recorded", &self.draft.pending.len())
            .finish_non_exhaustive()
    }
}
