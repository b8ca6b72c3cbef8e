//! Payloads in a test: shown, and taken to bytes and back.

use crate::event::{DecodeError, EncodeError};
use crate::lifecycle::{EventDefinition, LifecycleEvent};
use crate::schema::{RenderError, StoredSchema, Value};

/// An event by its name in the declaration, and what its payload says.
pub(super) fn shown<E: LifecycleEvent>(event: &E) -> String {
    let definition = event.definition();
    let rendered = event.encode().ok().and_then(|payload| render(definition, &payload).ok());
    match rendered {
        None | Some(Value::Null) => definition.name.to_owned(),
        Some(value) => format!("{} {value}", definition.name),
    }
}

/// Renders a payload with its own schema, reads it and writes it again: three ways that must agree,
/// or a log with it could not be read. Returns the event as it was read.
pub(super) fn read_back<E: LifecycleEvent>(
    definition: &'static EventDefinition,
    payload: &[u8],
) -> Result<E, PayloadFault> {
    let event = definition.name;
    let written = render(definition, payload)
        .map_err(|source| match source.reason {
            RenderError::TOO_MANY_VALUES => PayloadFault::TooManyValues { event, source },
            _ => PayloadFault::Schema { event, source },
        })?
        .to_string();
    let read = E::decode(definition.kind, definition.version, payload)
        .map_err(|source| PayloadFault::Decode { event, source })?;
    let again = read.encode().map_err(|source| PayloadFault::Encode { event, source })?;
    if again == payload {
        return Ok(read);
    }
    let read =
        render(definition, &again).map_or_else(|error| error.to_string(), |it| it.to_string());
    Err(PayloadFault::Changed { event, written, read })
}

fn render(definition: &EventDefinition, payload: &[u8]) -> Result<Value, RenderError> {
    let schemas = (definition.schemas)().unwrap_or_default();
    // Oldest first: the last one is that of the payloads that are written.
    let schema = schemas.last().and_then(|schema| StoredSchema::parse(&schema.schema).ok());
    match schema {
        Some(schema) => schema.render(payload),
        None => Err(RenderError { at: 0, reason: "it has no schema that can be read" }),
    }
}

/// Serde and the schema of a payload, or the two directions of serde, disagree.
#[derive(Debug, thiserror::Error)]
pub(super) enum PayloadFault {
    #[error(
        "what serde writes of `{event}` is not what its schema says; look at the types in it whose \
         `Serialize` or `Schema` is not derived"
    )]
    Schema { event: &'static str, source: RenderError },
    #[error(
        "`{event}` holds more values than can be shown; keep values without a byte, such as `()`, out \
         of its lists, or, if there are none, look at the types in it whose `Schema` is not derived"
    )]
    TooManyValues { event: &'static str, source: RenderError },
    #[error(
        "serde does not read what it wrote of `{event}`; look at the types in it whose `Serialize` \
         or `Deserialize` is not derived"
    )]
    Decode { event: &'static str, source: DecodeError },
    #[error("`{event}` cannot be written again once it was read")]
    Encode { event: &'static str, source: EncodeError },
    #[error(
        "`{event}` is not the same once it was read: {written} was written, {read} is what was \
         read; look at the types in it whose `Serialize` or `Deserialize` is not derived, and put a \
         `BTreeMap` or `BTreeSet` in the place of what has no order"
    )]
    Changed { event: &'static str, written: String, read: String },
}
