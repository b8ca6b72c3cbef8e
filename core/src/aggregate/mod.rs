//! An aggregate: one life of a lifecycle, loaded from its stream, with the events that were
//! recorded since and wait to be committed.
//!
//! Owns recording, typed and untyped. Never reads or writes a store: the bus loads it and commits
//! it.

mod draft;
mod error;
mod fold;
pub(crate) mod split;

pub(crate) use draft::{Attempt, Cause, Draft, Home};
pub use error::{RecordError, RecordReason, WrongState};
pub(crate) use fold::context_of;
pub use fold::{Fold, FoldError, FoldReason};

use std::fmt;

use crate::event::{self, EncodeError, Event};
use crate::id::{CommitId, CorrelationId, EventId};
use crate::lifecycle::{
    AnyState, Context, Illegal, Lifecycle, LifecycleEvent, Rejection, Stage, State, Transition,
};
use crate::name::{InvalidName, StreamId};
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

    /// Sets what caused the events recorded from here to the next commit: an event, and what it
    /// belongs to.
    #[must_use]
    pub fn caused_by(mut self, event: EventId, correlation: CorrelationId) -> Self {
        self.draft.cause = Cause { event: Some(event), correlation: Some(correlation) };
        self
    }
}

impl<L: Lifecycle> Aggregate<L> {
    /// The state.
    #[must_use]
    pub const fn state(&self) -> &L {
        &self.state
    }

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

    /// Records an event if it is legal in the present state and its guard agrees.
    ///
    /// # Errors
    /// [`RecordError`], with the aggregate as it was in it.
    pub fn record(self, event: impl Into<L::Event>) -> Result<Self, RecordError<Self, L::Refusal>> {
        let index = self.draft.next_index();
        self.record_at(event.into(), index)
    }

    /// [`record`](Self::record), with the event's place in its commit.
    pub(crate) fn record_at(
        self,
        event: L::Event,
        index: u32,
    ) -> Result<Self, RecordError<Self, L::Refusal>> {
        let Some(context) = self.draft.next_context(index) else {
            return Err(RecordError::new(self, RecordReason::Full));
        };
        if let Err(rejection) = self.state.check(&event, &context) {
            return Err(RecordError::new(self, rejection.into()));
        }
        self.take_on(event, &context)
    }

    /// Records an event without asking whether it may be.
    pub(crate) fn take_on(
        mut self,
        event: L::Event,
        context: &Context,
    ) -> Result<Self, RecordError<Self, L::Refusal>> {
        let encoded = match encoded(event.definition().kind, event.encode(), event.tags()) {
            Ok(encoded) => encoded,
            Err(reason) => return Err(RecordError::new(self, reason)),
        };
        self.draft.remember_origin(|| self.state.duplicate());
        let Self { mut draft, state } = self;
        match state.apply(&event, context) {
            Ok(state) => {
                draft.push(event, context, encoded);
                Ok(Self { draft, state })
            }
            Err(state) => {
                let illegal = Illegal::new(L::DEFINITION, state.state(), event.definition().name);
                let reason = Rejection::Illegal(illegal).into();
                Err(RecordError::new(Self { draft, state }, reason))
            }
        }
    }
}

impl<L: Lifecycle, S: State<Lifecycle = L>> Aggregate<L, S> {
    /// The state's data.
    #[must_use]
    pub const fn state(&self) -> &S {
        &self.state
    }

    /// The aggregate with its state known at run time only.
    #[must_use]
    pub fn untyped(self) -> Aggregate<L> {
        Aggregate { draft: self.draft, state: S::release(self.state) }
    }

    /// Records an event that is legal in this state. Another one does not compile.
    ///
    /// # Errors
    /// [`RecordError`], with the aggregate as it was in it, if the edge's guard refuses, the event or
    /// its tags cannot be encoded, or the stream is full.
    pub fn record<E: Transition<S>>(
        mut self,
        event: E,
    ) -> Result<Aggregate<L, E::To>, RecordError<Self, L::Refusal>> {
        let Some(context) = self.draft.next_context(self.draft.next_index()) else {
            return Err(RecordError::new(self, RecordReason::Full));
        };
        if let Err(refusal) = event.guard(&self.state, &context) {
            return Err(RecordError::new(self, RecordReason::Refused(refusal)));
        }
        let encoded = match encoded(E::KIND, event::encode(&event), Event::tags(&event)) {
            Ok(encoded) => encoded,
            Err(reason) => return Err(RecordError::new(self, reason)),
        };
        self.draft.remember_origin(|| S::duplicate(&self.state));
        let Self { mut draft, state } = self;
        let state = E::apply(state, &event, &context);
        draft.push(event.into(), &context, encoded);
        Ok(Aggregate { draft, state })
    }
}

/// The payload and the tags of an event, or what is wrong with them.
fn encoded<R>(
    event: &'static str,
    payload: Result<Vec<u8>, EncodeError>,
    tags: Result<NameList, InvalidName>,
) -> Result<(Vec<u8>, NameList), RecordReason<R>> {
    let payload = payload.map_err(RecordReason::Encode)?;
    let tags = tags.map_err(|source| RecordReason::Tag { event, source })?;
    Ok((payload, tags))
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
