//! Events: what a payload type says of itself, and how its bytes are read back.
//!
//! Owns the identity of a payload (stored name and version), its tags and the chain of its earlier
//! versions. Never knows which lifecycle it belongs to: an event may be shared by several.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::name::{InvalidName, Name};
use crate::number::KindVersion;
use crate::schema::{Schema, Shape};
use crate::store::{Erased, EventRef, NameList, RegisteredSchema};

/// A payload type: one kind of event in one version.
///
/// Derive it:
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use vitae::Event;
///
/// #[derive(Event, Serialize, Deserialize, Clone, Debug)]
/// #[event(name = "order.placed", version = 1, tag = customer)]
/// pub struct Placed {
///     pub customer: String,
///     pub cents: u64,
/// }
///
/// assert_eq!((Placed::KIND, Placed::VERSION), ("order.placed", 1));
/// ```
///
/// The name and the version are the event's identity in the log, for good. The type may be renamed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    note = "derive it: `#[derive(vitae::Event, Serialize, Deserialize)]` with `#[event(name = \"…\")]`"
)]
pub trait Event: Schema + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The stored name of the kind.
    const KIND: &'static str;

    /// The version of the payload, 1 or more.
    const VERSION: u32;

    /// The version before this one, or [`NoPredecessor`] for version 1.
    type Predecessor: Predecessor;

    /// Lifts an event of the version before into this one.
    fn upcast(earlier: Self::Predecessor) -> Self;

    /// The tags of this event: what it can be found by across streams. None, unless the event says
    /// otherwise.
    ///
    /// # Errors
    /// [`InvalidName`] if a tagged field's value cannot be part of a tag.
    fn tags(&self) -> Result<NameList, InvalidName> {
        Ok(NameList::default())
    }
}

/// An earlier version of an event, or none. Implemented for every [`Event`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event, so it cannot be the version before another",
    label = "not an event",
    note = "derive it: `#[derive(vitae::Event, Serialize, Deserialize)]`, \
            with the stored name of the event and its own version"
)]
pub trait Predecessor: Sized {
    /// Its version; 0 where there is none.
    const PREDECESSOR_VERSION: u32;

    /// Its stored name; `None` where there is none.
    const PREDECESSOR_KIND: Option<&'static str>;

    /// Reads a payload of this version or an earlier one.
    ///
    /// # Errors
    /// As [`decode`].
    fn decode(version: u32, payload: &[u8]) -> Result<Self, DecodeError>;

    /// Adds the schemas of this version and all earlier ones.
    fn collect_schemas(into: &mut Vec<(&'static str, u32, Shape)>);
}

/// The predecessor of a version 1: there is none, and no value of this type.
#[derive(Debug)]
pub enum NoPredecessor {}

impl Predecessor for NoPredecessor {
    const PREDECESSOR_VERSION: u32 = 0;
    const PREDECESSOR_KIND: Option<&'static str> = None;

    fn decode(version: u32, _payload: &[u8]) -> Result<Self, DecodeError> {
        Err(DecodeError::UnknownVersion { version })
    }

    fn collect_schemas(_into: &mut Vec<(&'static str, u32, Shape)>) {}
}

impl<E: Event> Predecessor for E {
    const PREDECESSOR_VERSION: u32 = <E as Event>::VERSION;
    const PREDECESSOR_KIND: Option<&'static str> = Some(<E as Event>::KIND);

    fn decode(version: u32, payload: &[u8]) -> Result<Self, DecodeError> {
        if version == <E as Event>::VERSION {
            return match postcard::take_from_bytes(payload) {
                Ok((event, [])) => Ok(event),
                Ok((_, rest)) => Err(DecodeError::LeftOver { bytes: rest.len() }),
                Err(error) => Err(DecodeError::Malformed(error)),
            };
        }
        if version > <E as Event>::VERSION {
            return Err(DecodeError::FromTheFuture { version, known: <E as Event>::VERSION });
        }
        <E::Predecessor as Predecessor>::decode(version, payload).map(E::upcast)
    }

    fn collect_schemas(into: &mut Vec<(&'static str, u32, Shape)>) {
        <E::Predecessor as Predecessor>::collect_schemas(into);
        into.push((<E as Event>::KIND, <E as Event>::VERSION, E::SHAPE));
    }
}

/// Reads a payload, lifting an earlier version into the newest.
///
/// # Errors
/// [`DecodeError`] if the version is not known here, or the bytes are not a payload of it.
pub fn decode<E: Event>(version: u32, payload: &[u8]) -> Result<E, DecodeError> {
    <E as Predecessor>::decode(version, payload)
}

impl EventRef<'_> {
    /// The payload as an event, lifted into its newest version.
    ///
    /// The type is trusted to have the shape that the log has under this name: a bus makes sure of
    /// that for its lifecycles and for what its policies and projections handle.
    ///
    /// # Errors
    /// [`DecodeError`] if it is of another kind, was erased, or does not decode.
    pub fn decode<E: Event>(&self) -> Result<E, DecodeError> {
        if self.kind() == E::KIND {
            decode(self.kind_version().get(), self.payload()?)
        } else {
            Err(DecodeError::UnknownKind)
        }
    }
}

/// Writes a payload in the newest version.
///
/// # Errors
/// [`EncodeError`] if serde refuses the value.
pub(crate) fn encode<E: Event>(event: &E) -> Result<Vec<u8>, EncodeError> {
    postcard::to_allocvec(event).map_err(EncodeError)
}

/// An event of a type that is known at run time only. Implemented for every [`Event`].
pub trait AnyEvent {
    /// Writes the payload in its newest version.
    ///
    /// # Errors
    /// [`EncodeError`] if serde refuses the value.
    fn encode(&self) -> Result<Vec<u8>, EncodeError>;

    /// The event's tags.
    ///
    /// # Errors
    /// [`InvalidName`] if a tagged field's value cannot be part of a tag.
    fn tags(&self) -> Result<NameList, InvalidName>;
}

impl<E: Event> AnyEvent for E {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        encode(self)
    }

    fn tags(&self) -> Result<NameList, InvalidName> {
        Event::tags(self)
    }
}

/// Gives the schemas of an event, as [`schemas`] of it.
pub(crate) type Schemas = fn() -> Result<Vec<RegisteredSchema>, InvalidName>;

/// The schemas of an event in every version, oldest first, as a store keeps them.
///
/// # Errors
/// [`InvalidName`] if the stored name cannot be a name.
pub fn schemas<E: Event>() -> Result<Vec<RegisteredSchema>, InvalidName> {
    // For what was written by hand: the derive has checked it.
    const {
        assert!(<E as Event>::VERSION > 0, "the version of an event is 1 or more");
        assert!(InvalidName::check(E::KIND).is_ok(), "an event's kind is not a valid name");
    }
    let mut shapes = Vec::new();
    <E as Predecessor>::collect_schemas(&mut shapes);
    shapes
        .into_iter()
        .map(|(kind, version, shape)| {
            Ok(RegisteredSchema {
                kind: Name::from_static(kind)?,
                version: KindVersion::new(version).unwrap_or(KindVersion::FIRST),
                schema: Arc::from(shape.to_json()),
            })
        })
        .collect()
}

/// Why a payload could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// No event of this kind is known to the lifecycle.
    #[error("the kind is not known here; update this program, or ask for the event untyped")]
    UnknownKind,
    /// The version is newer than the one this program knows.
    #[error("version {version} is newer than {known}, the newest known here; update this program")]
    FromTheFuture {
        /// The version in the log.
        version: u32,
        /// The newest version known here.
        known: u32,
    },
    /// No earlier version of the event has this number.
    #[error("version {version} is not in the event's chain of `upcast`s")]
    UnknownVersion {
        /// The version in the log.
        version: u32,
    },
    /// The payload was erased.
    #[error(transparent)]
    Erased(#[from] Erased),
    /// The bytes are not a payload of the type.
    #[error("the payload does not decode")]
    Malformed(#[source] postcard::Error),
    /// The bytes hold more than a payload of the type.
    #[error("the payload has {bytes} bytes left over")]
    LeftOver {
        /// How many.
        bytes: usize,
    },
}

/// Why a payload could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload does not encode")]
pub struct EncodeError(#[source] postcard::Error);

/// A value of a field that is marked `#[event(tag = field)]`.
///
/// The tag is `field:value`. A value that is absent gives no tag.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot be a tag",
    note = "tags are texts, numbers, or options of them; implement `vitae::TagValue` for a type of your own"
)]
pub trait TagValue {
    /// The value as text, or `None` for no tag.
    fn tag_value(&self) -> Option<Cow<'_, str>>;
}

impl TagValue for str {
    fn tag_value(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl TagValue for String {
    fn tag_value(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl<T: TagValue> TagValue for Option<T> {
    fn tag_value(&self) -> Option<Cow<'_, str>> {
        self.as_ref().and_then(TagValue::tag_value)
    }
}

macro_rules! shown_tags {
    ($($type:ty)*) => {
        $(impl TagValue for $type {
            fn tag_value(&self) -> Option<Cow<'_, str>> {
                Some(Cow::Owned(self.to_string()))
            }
        })*
    };
}

shown_tags! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize bool char }

/// The tag of a field with a value: what `#[event(tag = field)]` gives, and what to ask a log for.
///
/// # Errors
/// [`InvalidName`] if field and value together are longer than a name may be, or hold a NUL.
pub fn tag(field: &str, value: &str) -> Result<Name, InvalidName> {
    Name::new(format!("{field}:{value}"))
}
