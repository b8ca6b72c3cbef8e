//! Payloads: that what postcard writes is what the schema says, for the types that serde knows, for
//! random shapes and values, and for bytes and schemas that are wrong.

use serde::Serialize;
use vitae::Schema;
use vitae::schema::StoredSchema;

mod derived;
mod oracle;
mod random;
mod render;
mod standard;

/// serde_json, which sees the Rust value, says what must come out without it.
#[track_caller]
fn rendered_as_json<T: Schema + Serialize + ?Sized>(value: &T) {
    let schema = StoredSchema::parse(&T::SHAPE.to_json()).unwrap();
    let rendered = schema.render(&postcard::to_allocvec(value).unwrap()).unwrap();
    assert_eq!(rendered.to_string(), serde_json::to_string(value).unwrap());
}
