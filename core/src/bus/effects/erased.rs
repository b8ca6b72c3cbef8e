//! Lives in which an act was erased: what went wrong may have said more than may be kept.
//!
//! Owns what counts instead of such an act. Its kind says what happened, and its cause to which event: so
//! only words are lost, and when the next try was due. Never lets anything that was set aside be
//! forgotten.

use std::ops::ControlFlow;

use super::life::{
    EffectDelivered, EffectFailed, EffectGivenUp, EffectHeld, EffectParked, EffectRetried, Parked,
    SetAside, Waiting,
};
use crate::aggregate::{Aggregate, Draft, Fold, FoldReason, context_of};
use crate::bus::{Inner, LoadError, stream_of};
use crate::event::Event;
use crate::id::EventId;
use crate::lifecycle::{Context, Lifecycle};
use crate::number::GlobalPosition;
use crate::store::{EventRef, Page, Query, Read, ReadError};

/// What is said of a try whose words were erased.
const UNKNOWN: &str = "what went wrong was erased";

type Act = <SetAside as Lifecycle>::Event;

/// Loads a life, whatever was erased of it.
pub(super) fn load(inner: &Inner, life: &str) -> Result<Aggregate<SetAside>, LoadError> {
    match inner.load(life) {
        Err(error) if is_erased(&error) => restored(inner, life),
        loaded => loaded,
    }
}

/// Whether a life could not be loaded because an act was erased.
pub(super) fn is_erased(error: &LoadError) -> bool {
    matches!(error, LoadError::Fold(error) if matches!(error.reason, FoldReason::Erased(_)))
}

/// A life from all of its acts, and from what counts instead of those that were erased.
pub(super) fn restored(inner: &Inner, life: &str) -> Result<Aggregate<SetAside>, LoadError> {
    let stream = stream_of::<SetAside>(life)?;
    let mut fold = Fold::<SetAside>::new(stream.clone());
    inner.store.visit(Read::stream(stream.clone()), |event| {
        let erased = event.payload().is_err();
        match erased.then(|| without_words(inner, &fold, event)).transpose()?.flatten() {
            Some(next) => fold = next,
            None => fold.push(event)?,
        }
        Ok::<_, LoadError>(ControlFlow::Continue(()))
    })?;
    let (stream, version, state) = fold.into_parts();
    if let Some(version) = version {
        inner.recent.put(&stream, version, &state);
    }
    Ok(Aggregate { draft: Box::new(Draft::new(inner.home.clone(), stream, version)), state })
}

/// The life after an act that was erased; `None` if nothing can count instead of it.
fn without_words(
    inner: &Inner,
    before: &Fold<SetAside>,
    event: &EventRef<'_>,
) -> Result<Option<Fold<SetAside>>, LoadError> {
    let stream = before.stream().clone();
    let context = context_of(stream.clone(), event);
    let act = instead(inner, &before.state(), event.kind(), &context)?;
    let after = act.and_then(|act| before.state().apply(&act, &context).ok());
    Ok(after.map(|state| Fold::from_state(stream, event.version(), state)))
}

/// What counts instead of an act of a kind.
fn instead(
    inner: &Inner,
    state: &SetAside,
    kind: &str,
    context: &Context,
) -> Result<Option<Act>, LoadError> {
    if let SetAside::Parked(Parked { event: EffectParked { position, .. }, .. }) = *state {
        return Ok(match kind {
            EffectRetried::KIND => Some(EffectRetried { position }.into()),
            EffectGivenUp::KIND => Some(EffectGivenUp { position, reason: String::new() }.into()),
            EffectHeld::KIND => position_of_cause(inner, context)?.map(held),
            _ => None,
        });
    }
    let Some(position) = position_of_cause(inner, context)? else { return Ok(None) };
    Ok(match kind {
        EffectHeld::KIND => Some(held(position)),
        EffectDelivered::KIND => {
            let attempt = tries_of(state);
            Some(EffectDelivered { position: position.get(), attempt }.into())
        }
        EffectFailed::KIND | EffectParked::KIND => {
            with_event(inner, position, |event| failed(state, event, kind, context))?
        }
        _ => None,
    })
}

fn held(position: GlobalPosition) -> Act {
    EffectHeld { position: position.get() }.into()
}

/// A try that failed: due again at once, or parked as it was.
fn failed(state: &SetAside, event: &EventRef<'_>, act: &str, context: &Context) -> Act {
    let (effect, error) = (String::new(), UNKNOWN.to_owned());
    let (category, stream) = (event.category().to_owned(), event.stream().to_owned());
    let (position, kind) = (event.position().get(), event.kind().to_owned());
    let attempt = tries_of(state);
    if act == EffectParked::KIND {
        let attempts = attempt;
        return EffectParked { effect, category, stream, position, kind, attempts, error }.into();
    }
    let next_try = context.occurred_at().as_micros();
    EffectFailed { effect, category, stream, position, kind, attempt, error, next_try }.into()
}

/// The number of the try after those that are known.
fn tries_of(state: &SetAside) -> u32 {
    let SetAside::Waiting(Waiting { next, .. }) = state else { return 1 };
    next.map_or(0, |due| due.failures).saturating_add(1)
}

/// Where the event stands that the effect has acted on: it is what has caused the act.
fn position_of_cause(
    inner: &Inner,
    context: &Context,
) -> Result<Option<GlobalPosition>, ReadError> {
    let Some(EventId { commit, index }) = context.causation() else { return Ok(None) };
    let positions = inner.store.receipt(commit)?.and_then(|receipt| receipt.positions);
    let position = positions.map(|(first, _)| first.get().saturating_add(u64::from(index)));
    Ok(position.and_then(GlobalPosition::new))
}

/// Looks at the event at a position; `None` if there is none.
pub(super) fn with_event<T>(
    inner: &Inner,
    position: GlobalPosition,
    look: impl FnOnce(&EventRef<'_>) -> T,
) -> Result<Option<T>, ReadError> {
    let mut page = Page::new();
    let read = Read::log(Query::all()).from_position(position).page_of(1);
    inner.store.read(&read, &mut page)?;
    let event = page.iter().next().filter(|event| event.position() == position);
    Ok(event.map(|event| look(&event)))
}
