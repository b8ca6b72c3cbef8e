//! What the derives' output calls. Not part of the public API: anything here may change.
//!
//! Owns the logic of the derives, so that what they emit is thin, and the names of the language's
//! own items, so that what they emit does not depend on a prelude.

pub use core::convert::From;
pub use core::default::Default;
pub use core::fmt::{self, Debug, Formatter};
pub use core::marker::Sized;
pub use core::option::Option::{self, None, Some};
pub use core::primitive::{str, u8, u32};
pub use core::result::Result::{self, Err, Ok};
pub use std::vec::Vec;

pub use crate::aggregate::Aggregate;
pub use crate::aggregate::split::{join, split};
pub use crate::event::{
    DecodeError, EncodeError, Event, NoPredecessor, TagValue, decode, encode, schemas, tag,
};
pub use crate::lifecycle::{
    Context, Definition, EdgeDefinition, EventDefinition, Lifecycle, LifecycleEvent, Refusal,
    Rejection, State, StateDefinition, Transition,
};
pub use crate::name::InvalidName;
pub use crate::schema::{Schema, Shape};
pub use crate::store::NameList;
#[cfg(feature = "svg")]
pub use vitae_macros::picture;

use crate::lifecycle::Illegal;

mod check;
pub use check::{distinct_kind, upcast_chain};

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

/// Moves along an edge.
pub fn step<S: State, E: Transition<S>>(from: S, event: &E, context: &Context) -> S::Lifecycle {
    E::apply(from, event, context).into_lifecycle()
}

/// An event's row in the table.
pub const fn event_definition<E: Event>(name: &'static str) -> EventDefinition {
    EventDefinition { name, kind: E::KIND, version: E::VERSION, schemas: schemas::<E> }
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

/// Shows a variant by its name alone.
///
/// # Errors
/// The formatter's.
pub fn show_name(f: &mut Formatter<'_>, name: &str) -> fmt::Result {
    f.write_str(name)
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
