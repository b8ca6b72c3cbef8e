//! Shapes: as constants, and as read back from a log.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The shape of a type, as a constant: what `serde` walks and postcard writes.
///
/// Newtypes have the shape of what they hold: only names of fields and variants are part of a
/// shape.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shape {
    /// `bool`.
    Bool,
    /// `u8`.
    U8,
    /// `u16`.
    U16,
    /// `u32`.
    U32,
    /// `u64`, and `usize`.
    U64,
    /// `u128`.
    U128,
    /// `i8`.
    I8,
    /// `i16`.
    I16,
    /// `i32`.
    I32,
    /// `i64`, and `isize`.
    I64,
    /// `i128`.
    I128,
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// `char`.
    Char,
    /// Text.
    String,
    /// Bytes.
    Bytes,
    /// Nothing: `()`, a unit struct, a unit variant.
    Unit,
    /// `Option<T>`.
    Option(&'static Shape),
    /// Any number of one shape.
    List(&'static Shape),
    /// Keys and values.
    Map(&'static Shape, &'static Shape),
    /// A fixed number of shapes in order.
    Tuple(&'static [Shape]),
    /// A fixed number of one shape.
    Array(&'static Shape, u32),
    /// Named fields in order.
    Struct(&'static [(&'static str, Shape)]),
    /// Named variants in order.
    Enum(&'static [(&'static str, Shape)]),
}

impl Shape {
    /// Whether every value of the shape takes a byte or more. Of what takes none, a list could claim
    /// any number, so no list may hold it.
    #[must_use]
    pub const fn takes_bytes(&self) -> bool {
        match self {
            Self::Unit => false,
            Self::Tuple(items) => Self::one_takes_bytes(items),
            Self::Array(item, length) => *length > 0 && item.takes_bytes(),
            Self::Struct(fields) => {
                let mut rest = *fields;
                while let Some(((_, field), tail)) = rest.split_first() {
                    if field.takes_bytes() {
                        return true;
                    }
                    rest = tail;
                }
                false
            }
            _ => true,
        }
    }

    const fn one_takes_bytes(mut shapes: &[Self]) -> bool {
        while let Some((shape, rest)) = shapes.split_first() {
            if shape.takes_bytes() {
                return true;
            }
            shapes = rest;
        }
        false
    }

    /// A list of a shape.
    ///
    /// # Panics
    /// At compile time, if the shape takes no byte.
    #[track_caller]
    #[expect(clippy::panic, reason = "in a constant, where it is rustc's error")]
    pub(crate) const fn list_of(item: &'static Self) -> Self {
        if item.takes_bytes() {
            Self::List(item)
        } else {
            panic!("a list cannot hold values that take no byte; say how many there are instead")
        }
    }

    /// A map of two shapes.
    ///
    /// # Panics
    /// At compile time, if neither takes a byte.
    #[track_caller]
    #[expect(clippy::panic, reason = "in a constant, where it is rustc's error")]
    pub(crate) const fn map_of(key: &'static Self, value: &'static Self) -> Self {
        if key.takes_bytes() || value.takes_bytes() {
            Self::Map(key, value)
        } else {
            panic!("a map cannot hold entries that take no byte; say how many there are instead")
        }
    }

    /// The canonical JSON text: what a log stores. Two shapes are the same if their texts are.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Nothing in a shape can fail to serialize: no map with odd keys, no float.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The shape of a payload, read back from a log.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct StoredSchema(pub(super) Node);

/// [`Shape`], owned.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Node {
    Bool,
    U8,
    U16,
    U32,
    U64,
    U128,
    I8,
    I16,
    I32,
    I64,
    I128,
    F32,
    F64,
    Char,
    String,
    Bytes,
    Unit,
    Option(Box<Node>),
    List(Box<Node>),
    Map(Box<Node>, Box<Node>),
    Tuple(Vec<Node>),
    Array(Box<Node>, u32),
    Struct(Vec<(Label, Node)>),
    Enum(Vec<(Label, Node)>),
}

/// The name of a field or a variant, shared with every value that has it: it may be as long as a
/// schema, and stand in as many values as a payload has bytes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Box<str>")]
pub(super) struct Label(pub(super) Arc<str>);

impl From<Box<str>> for Label {
    fn from(name: Box<str>) -> Self {
        Self(name.into())
    }
}

impl StoredSchema {
    /// Reads the JSON text of a schema. Depth is bounded, so no text can exhaust the stack.
    ///
    /// # Errors
    /// [`InvalidSchema`] if it is not the text of a schema.
    pub fn parse(json: &str) -> Result<Self, InvalidSchema> {
        serde_json::from_str(json).map_err(InvalidSchema)
    }
}

/// A text that is not a schema.
#[derive(Debug, thiserror::Error)]
#[error("the text is not a schema that this version knows")]
pub struct InvalidSchema(#[source] serde_json::Error);
