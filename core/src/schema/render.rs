//! From bytes and a stored schema to a [`Value`].
//!
//! Reads the postcard wire format (<https://postcard.jamesmunns.com/wire-format>). Bounds depth,
//! length and the number of values, and never panics: both inputs may come from a damaged file.

use std::sync::Arc;

use super::shape::{Label, Node};
use super::{StoredSchema, Value};

/// The most values, nested ones counted, that each byte of a payload may stand for: a hostile schema
/// could otherwise wrap each in a hundred.
const VALUES_PER_BYTE: usize = 8;

/// How many more there may be in any payload. Of values without a byte, such as `()`, it could
/// otherwise claim any number.
const SPARE_VALUES: usize = 1 << 16;

/// Why a payload does not fit its schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload does not fit its schema at byte {at}: {reason}")]
pub struct RenderError {
    /// Where in the payload, counted in bytes from 0.
    pub at: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

impl RenderError {
    /// The reason that lies in the bound on values: serde and the schema may well agree.
    pub(crate) const TOO_MANY_VALUES: &'static str =
        "it holds more values than its bytes can stand for";
}

impl StoredSchema {
    /// Turns a payload into something to read.
    ///
    /// # Errors
    /// [`RenderError`] if the bytes are not a payload of this schema, or not all of them are.
    pub fn render(&self, payload: &[u8]) -> Result<Value, RenderError> {
        let values_left =
            payload.len().saturating_mul(VALUES_PER_BYTE).saturating_add(SPARE_VALUES);
        let mut reader = Reader { rest: payload, length: payload.len(), values_left };
        let value = reader.value(&self.0)?;
        if reader.rest.is_empty() { Ok(value) } else { Err(reader.error("bytes are left over")) }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
    values_left: usize,
}

impl Reader<'_> {
    fn value(&mut self, node: &Node) -> Result<Value, RenderError> {
        self.count_value()?;
        Ok(match node {
            Node::Bool => match self.byte()? {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                _ => return Err(self.error("a bool is neither 0 nor 1")),
            },
            Node::U8 => Value::Unsigned(u128::from(self.byte()?)),
            Node::I8 => Value::Signed(i128::from(i8::from_le_bytes(self.bytes()?))),
            Node::U16 => Value::Unsigned(self.varint(16)?),
            Node::U32 => Value::Unsigned(self.varint(32)?),
            Node::U64 => Value::Unsigned(self.varint(64)?),
            Node::U128 => Value::Unsigned(self.varint(128)?),
            Node::I16 => Value::Signed(self.zigzag(16)?),
            Node::I32 => Value::Signed(self.zigzag(32)?),
            Node::I64 => Value::Signed(self.zigzag(64)?),
            Node::I128 => Value::Signed(self.zigzag(128)?),
            Node::F32 => Value::F32(f32::from_le_bytes(self.bytes()?)),
            Node::F64 => Value::F64(f64::from_le_bytes(self.bytes()?)),
            Node::Char => Value::Text(self.char()?),
            Node::String => Value::Text(self.text()?),
            Node::Bytes => {
                let length = self.length()?;
                Value::Bytes(self.take(length)?.to_vec())
            }
            Node::Unit => Value::Null,
            Node::Option(some) => match self.byte()? {
                0 => Value::Null,
                1 => self.value(some)?,
                _ => return Err(self.error("an option is neither 0 nor 1")),
            },
            Node::List(item) => {
                let length = self.length()?;
                self.list(std::iter::repeat_n(&**item, length))?
            }
            Node::Array(item, length) => {
                let length = usize::try_from(*length).unwrap_or(usize::MAX);
                self.list(std::iter::repeat_n(&**item, length))?
            }
            Node::Tuple(items) => self.list(items.iter())?,
            Node::Map(key, value) => {
                let mut entries = Vec::new();
                for _ in 0..self.length()? {
                    entries.push((self.value(key)?, self.value(value)?));
                }
                Value::Map(entries)
            }
            Node::Struct(fields) => {
                let mut values = Vec::new();
                for (Label(name), field) in fields {
                    values.push((Arc::clone(name), self.value(field)?));
                }
                Value::Struct(values)
            }
            Node::Enum(variants) => {
                let index = usize::try_from(self.varint(32)?).unwrap_or(usize::MAX);
                let Some((Label(name), held)) = variants.get(index) else {
                    return Err(self.error("there is no such variant"));
                };
                let held = match held {
                    Node::Unit => None,
                    held => Some(Box::new(self.value(held)?)),
                };
                Value::Variant(Arc::clone(name), held)
            }
        })
    }

    fn count_value(&mut self) -> Result<(), RenderError> {
        match self.values_left.checked_sub(1) {
            Some(left) => self.values_left = left,
            None => return Err(self.error(RenderError::TOO_MANY_VALUES)),
        }
        Ok(())
    }

    fn list<'n>(&mut self, items: impl Iterator<Item = &'n Node>) -> Result<Value, RenderError> {
        // Not collected with a size hint: the length is the payload's own claim.
        let mut values = Vec::new();
        for item in items {
            values.push(self.value(item)?);
        }
        Ok(Value::List(values))
    }

    fn char(&mut self) -> Result<String, RenderError> {
        let text = self.text()?;
        let mut chars = text.chars();
        if chars.next().is_some() && chars.next().is_none() {
            Ok(text)
        } else {
            Err(self.error("a char is not one character"))
        }
    }

    fn text(&mut self) -> Result<String, RenderError> {
        let length = self.length()?;
        match std::str::from_utf8(self.take(length)?) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(self.error("a text is not UTF-8")),
        }
    }

    fn length(&mut self) -> Result<usize, RenderError> {
        let length = self.varint(64)?;
        usize::try_from(length).map_err(|_| self.error("a length is too large"))
    }

    fn zigzag(&mut self, bits: u32) -> Result<i128, RenderError> {
        let number = self.varint(bits)?;
        let half = (number >> 1).cast_signed();
        Ok(if number & 1 == 0 { half } else { !half })
    }

    fn varint(&mut self, bits: u32) -> Result<u128, RenderError> {
        let mut number = 0_u128;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            let part = u128::from(byte & 0x7f);
            // The last byte of the longest form has fewer than seven bits to give.
            if shift >= bits || (bits - shift < 7 && part >> (bits - shift) != 0) {
                return Err(self.error("a number is too large for its type"));
            }
            number |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
            shift += 7;
        }
    }

    fn byte(&mut self) -> Result<u8, RenderError> {
        Ok(u8::from_le_bytes(self.bytes()?))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], RenderError> {
        match self.rest.split_first_chunk() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(*bytes)
            }
            None => Err(self.error("it ends too early")),
        }
    }

    fn take(&mut self, length: usize) -> Result<&[u8], RenderError> {
        match self.rest.split_at_checked(length) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.error("it ends too early")),
        }
    }

    fn error(&self, reason: &'static str) -> RenderError {
        RenderError { at: self.length - self.rest.len(), reason }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::*;
    use crate::schema::Schema;

    /// Renders what postcard wrote, through the JSON text of the schema.
    fn rendered<T: Schema + Serialize>(value: &T) -> String {
        let schema = StoredSchema::parse(&T::SHAPE.to_json()).unwrap();
        schema.render(&postcard::to_allocvec(value).unwrap()).unwrap().to_string()
    }

    /// What serde_json makes of the Rust value is what must come out without the Rust type.
    fn same_as_serde_json<T: Schema + Serialize>(value: &T) {
        assert_eq!(rendered(value), serde_json::to_string(value).unwrap());
    }

    #[test]
    fn every_kind_of_value_is_rendered_as_serde_json_would() {
        same_as_serde_json(&(true, 0_u8, u16::MAX, u32::MAX, u64::MAX, u128::MAX));
        same_as_serde_json(&(i8::MIN, i16::MIN, i32::MIN, i64::MIN, i128::MIN, i128::MAX));
        same_as_serde_json(&(1.5_f32, -0.25_f64, 'ß', "text".to_owned(), ()));
        same_as_serde_json(&(Some(1_u8), None::<u8>, vec![1_i32, -1], [1_u8, 2]));
        same_as_serde_json(&BTreeMap::from([("a".to_owned(), 1_u8), ("b".to_owned(), 2)]));
        assert_eq!(rendered(&BTreeMap::from([(1_u8, 'x')])), r#"[[1,"x"]]"#);
        assert_eq!(rendered(&(f64::NAN, f32::NEG_INFINITY)), r#"["NaN","-inf"]"#);
        assert_eq!(rendered(&(f64::INFINITY, f32::NAN)), r#"["inf","NaN"]"#);
    }

    #[test]
    fn bytes_that_do_not_fit_are_an_error_with_a_place() {
        let schema = |json: &str| StoredSchema::parse(json).unwrap();
        let error = |json: &str, bytes: &[u8]| schema(json).render(bytes).unwrap_err();
        assert_eq!(
            error(r#""bool""#, &[2]),
            RenderError { at: 1, reason: "a bool is neither 0 nor 1" }
        );
        assert_eq!(
            error(r#""u16""#, &[0xff, 0xff, 0x04]).reason,
            "a number is too large for its type"
        );
        for payload in [&[0][..], &[2, b'a', b'b']] {
            assert_eq!(error(r#""char""#, payload).reason, "a char is not one character");
        }
        assert_eq!(error(r#""string""#, &[3, b'a']).reason, "it ends too early");
        assert_eq!(error(r#""u8""#, &[1, 2]), RenderError { at: 1, reason: "bytes are left over" });
        assert_eq!(error(r#"{"enum":[["A","unit"]]}"#, &[1]).reason, "there is no such variant");
    }

    #[test]
    fn a_claim_of_endless_nothing_is_bounded() {
        let schema = StoredSchema::parse(r#"{"list":"unit"}"#).unwrap();
        let claim = postcard::to_allocvec(&u64::MAX).unwrap();
        assert_eq!(schema.render(&claim).unwrap_err().reason, RenderError::TOO_MANY_VALUES);
        // However many have bytes, they are shown.
        let many = postcard::to_allocvec(&vec![(7_u8,); 600_000]).unwrap();
        let schema = StoredSchema::parse(r#"{"list":{"tuple":["u8"]}}"#).unwrap();
        assert!(matches!(schema.render(&many), Ok(Value::List(items)) if items.len() == 600_000));
    }

    #[test]
    fn what_a_hostile_schema_makes_of_a_byte_is_bounded() {
        let (open, close) = ("{\"tuple\":[".repeat(50), "]}".repeat(50));
        let wrapped = format!("{{\"list\":{open}\"u8\"{close}}}");
        let payload = postcard::to_allocvec(&vec![0_u8; 100_000]).unwrap();
        let error = StoredSchema::parse(&wrapped).unwrap().render(&payload).unwrap_err();
        assert_eq!(error.reason, RenderError::TOO_MANY_VALUES);
    }

    #[test]
    fn a_name_is_shared_by_all_that_have_it() {
        let named = StoredSchema::parse(r#"{"list":{"struct":[["of any length","u8"]]}}"#).unwrap();
        let Value::List(items) = named.render(&[2, 7, 8]).unwrap() else { panic!("a list") };
        let [Value::Struct(one), Value::Struct(other)] = items.as_slice() else { panic!("two") };
        assert!(Arc::ptr_eq(&one[0].0, &other[0].0));
    }

    #[test]
    fn a_schema_that_is_nested_without_end_is_refused() {
        let json = format!("{}\"unit\"{}", "{\"option\":".repeat(10_000), "}".repeat(10_000));
        assert!(StoredSchema::parse(&json).is_err());
    }
}
