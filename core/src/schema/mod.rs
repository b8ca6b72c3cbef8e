//! The shape of a payload, kept in the log beside the events.
//!
//! Owns what a shape is ([`Shape`]), which Rust types have one ([`Schema`]) and how any tool turns
//! bytes back into something to read ([`StoredSchema::render`]). Never holds a Rust type's name:
//! types may be renamed, fields may not.
//!
//! postcard does not describe itself. So the log holds, once for every kind and version, the shape
//! of its payload as JSON text:
//!
//! ```json
//! {"struct":[["workflow","string"],["max_iterations","u32"],["note",{"option":"string"}]]}
//! ```

mod impls;
mod render;
mod shape;
mod value;

pub use render::RenderError;
pub use shape::{InvalidSchema, Shape, StoredSchema};
pub use value::Value;

/// What to do about an event whose shape has changed under its version: said wherever it is noticed.
pub(crate) const CHANGED_SHAPE: &str = "raise the version of the event and give it an upcaster";

/// A type that has a [`Shape`]: every payload, and everything in one.
///
/// Derive it with `#[derive(vitae::Schema)]` (`#[derive(vitae::Event)]` does it for the payload
/// itself). The derive refuses serde attributes that would make the bytes differ from the shape.
///
/// Of the standard library's types those have one that serde reads and writes, save those whose form
/// depends on the format or the system (`IpAddr` and its kin, `OsString`), cells, locks and atomics.
///
/// A type that contains itself has no shape of finite size, and rustc says so (a cycle in
/// `Schema::SHAPE`): give the tree a flat form, or carry it as JSON text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no schema, so it cannot stand in a payload",
    label = "no `vitae::Schema`",
    note = "derive it: `#[derive(vitae::Schema, Serialize, Deserialize)]` on `{Self}`",
    note = "a type of another crate: wrap it in a type of your own, or carry it as text, a number or bytes",
    note = "an open-ended value such as `serde_json::Value` travels as JSON text in a `String`"
)]
pub trait Schema {
    /// The shape of the type, as `serde` walks it.
    const SHAPE: Shape;
}
