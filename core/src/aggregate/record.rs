//! Recording an event: where the state is known to the compiler, and where it is not.
//!
//! Owns the order of things: whether it may happen, its bytes and tags, and only then the state.

use super::{Aggregate, RecordError, RecordReason};
use crate::event::{self, EncodeError, Event};
use crate::lifecycle::{
    AnyState, Context, Illegal, Lifecycle, LifecycleEvent, Rejection, Stage, State, Transition,
};
use crate::name::InvalidName;
use crate::store::NameList;

/// An aggregate one event further, or as it was.
type Recorded<L, S, To> =
    Result<Aggregate<L, To>, RecordError<Aggregate<L, S>, <L as Lifecycle>::Refusal>>;

/// What can be recorded: in a state that the compiler knows, an event with a [`Transition`] from it;
/// where the state is known at run time only, any event of the lifecycle.
///
/// It has no implementations but these two. One trait for both lets an aggregate have one `record`,
/// so that a mistaken event is one mistake and not also one of every step after it; and it knows the
/// lifecycle, so that rustc can name it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot happen in state `{S}` of `{L}`",
    label = "not legal in state `{S}`",
    note = "what is legal in a state stands in the documentation of the state's type"
)]
pub trait Recordable<L: Lifecycle, S: Stage<L>>: Sized {
    /// What is known of the state after it.
    type To: Stage<L>;

    /// Records it.
    ///
    /// # Errors
    /// As [`Aggregate::record`].
    fn record_in(self, aggregate: Aggregate<L, S>) -> Recorded<L, S, Self::To>;
}

impl<L: Lifecycle, E: Into<L::Event>> Recordable<L, AnyState> for E {
    type To = AnyState;

    fn record_in(self, aggregate: Aggregate<L>) -> Recorded<L, AnyState, AnyState> {
        let index = aggregate.draft.next_index();
        aggregate.record_at(self.into(), index)
    }
}

impl<S: State, E: Transition<S>> Recordable<S::Lifecycle, S> for E {
    type To = E::To;

    fn record_in(
        self,
        mut aggregate: Aggregate<S::Lifecycle, S>,
    ) -> Recorded<S::Lifecycle, S, E::To> {
        let Some(context) = aggregate.draft.next_context(aggregate.draft.next_index()) else {
            return Err(RecordError::new(aggregate, RecordReason::Full));
        };
        if let Err(refusal) = self.guard(&aggregate.state, &context) {
            return Err(RecordError::new(aggregate, RecordReason::Refused(refusal)));
        }
        let encoded = match encoded(E::KIND, event::encode(&self), Event::tags(&self)) {
            Ok(encoded) => encoded,
            Err(reason) => return Err(RecordError::new(aggregate, reason)),
        };
        aggregate.draft.remember_origin(|| S::duplicate(&aggregate.state));
        let Aggregate { mut draft, state } = aggregate;
        let state = E::apply(state, &self, &context);
        draft.push(self.into(), &context, encoded);
        Ok(Aggregate { draft, state })
    }
}

impl<L: Lifecycle> Aggregate<L> {
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

    /// The payload of an event that is legal in this state, and may happen in it later: its guard is not
    /// asked yet.
    pub(crate) fn planned(&self, event: &L::Event) -> Result<Vec<u8>, RecordReason<L::Refusal>> {
        let (state, definition) = (self.state.state(), event.definition());
        if L::DEFINITION.edge(state, definition).is_none() {
            let illegal = Illegal::new(L::DEFINITION, state, definition.name);
            return Err(RecordReason::Illegal(illegal));
        }
        Ok(encoded(definition.kind, event.encode(), event.tags())?.0)
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
