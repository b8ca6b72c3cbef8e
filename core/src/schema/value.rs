//! A payload without its Rust type.

use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// What a payload says, without its Rust type. Serializes, and shows itself, as JSON: structs and
/// maps with text keys are objects, other maps lists of pairs, variants as serde's external tagging
/// has them, numbers that JSON does not know (`NaN`, infinities) texts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `None`, or `()`. `Some(None)` and `Some(())` are not told from it.
    Null,
    /// A truth value.
    Bool(bool),
    /// An unsigned number.
    Unsigned(u128),
    /// A signed number.
    Signed(i128),
    /// An `f32`.
    F32(f32),
    /// An `f64`.
    F64(f64),
    /// Text, or one `char`.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list, a tuple or an array.
    List(Vec<Value>),
    /// Keys and values in the order of the payload.
    Map(Vec<(Value, Value)>),
    /// Fields in the order of the payload.
    Struct(Vec<(Arc<str>, Value)>),
    /// A variant and what it holds; `None` for one that holds nothing, or `()`.
    Variant(Arc<str>, Option<Box<Value>>),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Unsigned(value) => match u64::try_from(*value) {
                Ok(value) => serializer.serialize_u64(value),
                Err(_) => serializer.serialize_u128(*value),
            },
            Self::Signed(value) => match i64::try_from(*value) {
                Ok(value) => serializer.serialize_i64(value),
                Err(_) => serializer.serialize_i128(*value),
            },
            Self::F32(value) if value.is_finite() => serializer.serialize_f32(*value),
            Self::F32(value) => serializer.collect_str(value),
            Self::F64(value) if value.is_finite() => serializer.serialize_f64(*value),
            Self::F64(value) => serializer.collect_str(value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.collect_seq(bytes),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => serialize_entries(entries, serializer),
            Self::Struct(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(&**name, value)?;
                }
                map.end()
            }
            Self::Variant(name, None) => serializer.serialize_str(name),
            Self::Variant(name, Some(value)) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(&**name, value)?;
                map.end()
            }
        }
    }
}

fn serialize_entries<S: Serializer>(
    entries: &[(Value, Value)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if entries.iter().all(|(key, _)| matches!(key, Value::Text(_))) {
        let mut map = serializer.serialize_map(Some(entries.len()))?;
        for (key, value) in entries {
            map.serialize_entry(key, value)?;
        }
        map.end()
    } else {
        let mut list = serializer.serialize_seq(Some(entries.len()))?;
        for entry in entries {
            list.serialize_element(&entry)?;
        }
        list.end()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}
