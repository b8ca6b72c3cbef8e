//! What the derives' output calls. Not part of the public API: anything here may change.
//!
//! Owns the logic of the derives, so that what they emit is thin, and the names of the language's
//! own items, so that what they emit does not depend on a prelude.

pub use core::clone::Clone;
pub use core::cmp::{Eq, PartialEq};
pub use core::convert::From;
pub use core::default::Default;
pub use core::fmt::{self, Debug, Formatter};
pub use core::marker::{Copy, PhantomData, Send, Sized, Sync};
pub use core::option::Option::{self, None, Some};
pub use core::primitive::{bool, str, u8, u32, usize};
pub use core::result::Result::{self, Err, Ok};
pub use std::vec::Vec;

pub use crate::aggregate::Aggregate;
pub use crate::aggregate::split::{join, split};
pub use crate::event::{AnyEvent, DecodeError, Event, NoPredecessor, decode, schemas};
pub use crate::lifecycle::{
    Context, Definition, EdgeDefinition, EventDefinition, Lifecycle, LifecycleEvent, Refusal,
    Rejection, Stage, State, StateDefinition, Timer, Transition,
};
pub use crate::name::InvalidName;
pub use crate::schema::{Schema, Shape};
pub use crate::store::NameList;
// Nobody names these two. In a program that knows nothing of serde no other path leads to them, and
// rustc would call `Event` sealed and list what the library itself encodes.
pub use serde::Serialize;
pub use serde::de::DeserializeOwned;
#[cfg(feature = "svg")]
pub use vitae_macros::picture;

use std::time::Duration;

use crate::event::{TagValue, tag};
use crate::lifecycle::{Illegal, TimerEvent};

mod check;
pub use check::{distinct_kind, same_kinds, upcast_chain};

/// What a guard may answer.
pub type Checked<L> = Result<(), Rejection<<L as Lifecycle>::Refusal>>;

/// Asks the guard of an edge.
pub fn ask<S: State, E: Transition<S>>(
    from: &S,
    event: &E,
    context: &Context,
) -> Checked<S::Lifecycle> {
    event.guard(from, context).map_err(Rejection::Refused)
}

/// Says that there is no edge.
pub fn illegal<L: Lifecycle>(state: &L, event: &L::Event) -> Checked<L> {
    Err(Rejection::Illegal(Illegal::new(L::DEFINITION, state.state(), event.definition().name)))
}

/// Copies what a state holds.
pub fn copy_of<S: Clone>(held: &S) -> S {
    held.clone()
}

/// The row of a state that is neither initial nor terminal.
pub const fn state(name: &'static str) -> StateDefinition {
    StateDefinition { name, initial: false, terminal: false }
}

/// The row of the initial state.
pub const fn initial(name: &'static str) -> StateDefinition {
    StateDefinition { name, initial: true, terminal: false }
}

/// The row of a terminal state.
pub const fn terminal(name: &'static str) -> StateDefinition {
    StateDefinition { name, initial: false, terminal: true }
}

/// What a lifecycle asks of an event. All of it comes from one call with one bound: whatever rustc
/// then says of a type that is no event, it says in the same words at the same place, and so once.
pub struct Payload<E> {
    /// The stored name.
    pub kind: &'static str,
    version: u32,
    schemas: crate::event::Schemas,
    /// Reads an event of a version.
    pub decode: fn(u32, &[u8]) -> Result<E, DecodeError>,
    /// The event, whichever it is.
    pub any: for<'a> fn(&'a E) -> &'a dyn AnyEvent,
}

/// What a lifecycle asks of the event `E`.
pub const fn payload<E: Event>() -> Payload<E> {
    Payload {
        kind: E::KIND,
        version: E::VERSION,
        schemas: schemas::<E>,
        decode: decode::<E>,
        any: |event| event,
    }
}

impl<E> Payload<E> {
    /// The row of an event.
    pub const fn row(&self, name: &'static str) -> EventDefinition {
        EventDefinition { name, kind: self.kind, version: self.version, schemas: self.schemas }
    }
}

/// The row of an edge: the indices of its states and its event.
pub const fn edge(
    from: usize,
    event: usize,
    to: usize,
    guard: Option<&'static str>,
) -> EdgeDefinition {
    EdgeDefinition { from, event, to, guard, after: None, restarts: false }
}

/// The row of an edge whose event a timer makes happen.
pub const fn after(edge: EdgeDefinition, duration: &'static str) -> EdgeDefinition {
    EdgeDefinition { after: Some(duration), ..edge }
}

/// The row of an edge that sets the timers of its state anew.
pub const fn restarting(edge: EdgeDefinition) -> EdgeDefinition {
    EdgeDefinition { restarts: true, ..edge }
}

/// A timer of a state.
pub fn timer<L: LifecycleEvent + From<E>, E: Event + TimerEvent>(after: Duration) -> Timer<L> {
    Timer::new::<E>(after)
}

/// All timers of a state.
pub fn timers<E, const COUNT: usize>(timers: [Timer<E>; COUNT]) -> Vec<Timer<E>> {
    timers.into()
}

/// The tags of an event: fields' names and values.
///
/// # Errors
/// [`InvalidName`] if a value cannot be part of a tag.
pub fn tags(fields: &[(&str, &dyn TagValue)]) -> Result<NameList, InvalidName> {
    let mut tags = NameList::default();
    for (field, value) in fields {
        if let Some(value) = value.tag_value() {
            tags.insert(&tag(field, &value)?);
        }
    }
    Ok(tags)
}

/// Shows a variant and what it holds.
///
/// # Errors
/// The formatter's.
pub fn show(f: &mut Formatter<'_>, name: &str, held: &dyn Debug) -> fmt::Result {
    f.debug_tuple(name).field(held).finish()
}

/// A context out of nothing, for tests of transitions without a bus.
///
/// # Errors
/// [`InvalidName`] if the category or the id cannot be a name.
pub fn context(category: &str, id: &str) -> Result<Context, InvalidName> {
    let commit = crate::CommitId::from_bytes([0; 16]);
    Ok(Context {
        stream: crate::StreamId::new(category, id)?,
        version: crate::StreamVersion::FIRST,
        event_id: crate::EventId { commit, index: 0 },
        correlation: commit,
        causation: None,
        occurred_at: crate::Timestamp::from_micros(0),
    })
}
