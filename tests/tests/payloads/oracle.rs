//! Values through serde and postcard, as serde's derive would take them there and back.
//!
//! Owns the second opinion on what bytes mean. Never uses the schema's text or the renderer.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::ser::{
    SerializeMap, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleVariant,
    Serializer,
};
use vitae::schema::{Shape, Value};

use crate::random::Datum;

/// A value, written as the derive would write it.
pub(crate) struct Written<'a>(pub(crate) Shape, pub(crate) &'a Datum);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0, self.1) {
            (Shape::Unit, Datum::Unit) => serializer.serialize_unit(),
            (Shape::Bool, Datum::Bool(value)) => serializer.serialize_bool(*value),
            (Shape::U8, Datum::Unsigned(value)) => serializer.serialize_u8(*value as u8),
            (Shape::U16, Datum::Unsigned(value)) => serializer.serialize_u16(*value as u16),
            (Shape::U32, Datum::Unsigned(value)) => serializer.serialize_u32(*value as u32),
            (Shape::U64, Datum::Unsigned(value)) => serializer.serialize_u64(*value as u64),
            (Shape::U128, Datum::Unsigned(value)) => serializer.serialize_u128(*value),
            (Shape::I8, Datum::Signed(value)) => serializer.serialize_i8(*value as i8),
            (Shape::I16, Datum::Signed(value)) => serializer.serialize_i16(*value as i16),
            (Shape::I32, Datum::Signed(value)) => serializer.serialize_i32(*value as i32),
            (Shape::I64, Datum::Signed(value)) => serializer.serialize_i64(*value as i64),
            (Shape::I128, Datum::Signed(value)) => serializer.serialize_i128(*value),
            (Shape::F32, Datum::F32(value)) => serializer.serialize_f32(*value),
            (Shape::F64, Datum::F64(value)) => serializer.serialize_f64(*value),
            (Shape::Char, Datum::Char(value)) => serializer.serialize_char(*value),
            (Shape::String, Datum::Text(value)) => serializer.serialize_str(value),
            (Shape::Bytes, Datum::Bytes(value)) => serializer.serialize_bytes(value),
            (Shape::Option(_), Datum::Option(None)) => serializer.serialize_none(),
            (Shape::Option(held), Datum::Option(Some(value))) => {
                serializer.serialize_some(&Written(*held, value))
            }
            (Shape::List(item), Datum::Items(items)) => {
                serializer.collect_seq(items.iter().map(|value| Written(*item, value)))
            }
            (Shape::Array(..) | Shape::Tuple(_), Datum::Items(items)) => {
                let mut tuple = serializer.serialize_tuple(items.len())?;
                for (shape, value) in in_order(&self.0).into_iter().zip(items) {
                    tuple.serialize_element(&Written(shape, value))?;
                }
                tuple.end()
            }
            (Shape::Struct(fields), Datum::Items(items)) => {
                let mut state = serializer.serialize_struct("", fields.len())?;
                for ((name, shape), value) in fields.iter().zip(items) {
                    state.serialize_field(name, &Written(*shape, value))?;
                }
                state.end()
            }
            (Shape::Map(key, value), Datum::Map(entries)) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (k, v) in entries {
                    map.serialize_entry(&Written(*key, k), &Written(*value, v))?;
                }
                map.end()
            }
            (Shape::Enum(variants), Datum::Variant(index, held)) => {
                let (name, shape) = variants[*index as usize];
                write_variant(serializer, *index, name, shape, held)
            }
            other => panic!("not a value of its shape: {other:?}"),
        }
    }
}

fn write_variant<S: Serializer>(
    serializer: S,
    index: u32,
    name: &'static str,
    shape: Shape,
    held: &Datum,
) -> Result<S::Ok, S::Error> {
    match (shape, held) {
        (Shape::Unit, _) => serializer.serialize_unit_variant("", index, name),
        (Shape::Tuple(shapes), Datum::Items(items)) => {
            let mut tuple = serializer.serialize_tuple_variant("", index, name, shapes.len())?;
            for (shape, value) in shapes.iter().zip(items) {
                tuple.serialize_field(&Written(*shape, value))?;
            }
            tuple.end()
        }
        (Shape::Struct(fields), Datum::Items(items)) => {
            let mut state = serializer.serialize_struct_variant("", index, name, fields.len())?;
            for ((name, shape), value) in fields.iter().zip(items) {
                state.serialize_field(name, &Written(*shape, value))?;
            }
            state.end()
        }
        _ => serializer.serialize_newtype_variant("", index, name, &Written(shape, held)),
    }
}

/// What postcard reads from a payload of a shape, if it is one and nothing else.
pub(crate) fn read(shape: Shape, payload: &[u8]) -> Option<Value> {
    let mut deserializer = postcard::Deserializer::from_bytes(payload);
    let value = Reading(shape).deserialize(&mut deserializer).ok()?;
    deserializer.finalize().ok()?.is_empty().then_some(value)
}

/// A value of a shape, to be read as the derive would read it.
struct Reading(Shape);

impl<'de> DeserializeSeed<'de> for Reading {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0 {
            Shape::Unit => deserializer.deserialize_unit(self),
            Shape::Bool => deserializer.deserialize_bool(self),
            Shape::U8 => deserializer.deserialize_u8(self),
            Shape::U16 => deserializer.deserialize_u16(self),
            Shape::U32 => deserializer.deserialize_u32(self),
            Shape::U64 => deserializer.deserialize_u64(self),
            Shape::U128 => deserializer.deserialize_u128(self),
            Shape::I8 => deserializer.deserialize_i8(self),
            Shape::I16 => deserializer.deserialize_i16(self),
            Shape::I32 => deserializer.deserialize_i32(self),
            Shape::I64 => deserializer.deserialize_i64(self),
            Shape::I128 => deserializer.deserialize_i128(self),
            Shape::F32 => deserializer.deserialize_f32(self),
            Shape::F64 => deserializer.deserialize_f64(self),
            // A char is a text, of which postcard itself looks at the first character only.
            Shape::Char | Shape::String => deserializer.deserialize_string(self),
            Shape::Bytes => deserializer.deserialize_byte_buf(self),
            Shape::Option(_) => deserializer.deserialize_option(self),
            Shape::List(_) => deserializer.deserialize_seq(self),
            Shape::Map(..) => deserializer.deserialize_map(self),
            Shape::Array(..) | Shape::Tuple(_) | Shape::Struct(_) => {
                deserializer.deserialize_tuple(in_order(&self.0).len(), self)
            }
            Shape::Enum(_) => deserializer.deserialize_enum("", &[], self),
            other => panic!("a new kind of shape: {other:?}"),
        }
    }
}

impl<'de> Visitor<'de> for Reading {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Unsigned(value.into()))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        Ok(Value::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Signed(value.into()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Signed(value))
    }

    fn visit_f32<E: Error>(self, value: f32) -> Result<Value, E> {
        Ok(Value::F32(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::F64(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        if self.0 == Shape::Char && text.chars().count() != 1 {
            return Err(E::custom("not one character"));
        }
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(bytes.to_vec()))
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0 {
            Shape::Option(held) => Reading(*held).deserialize(deserializer),
            other => panic!("not an option: {other:?}"),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        if let Shape::List(item) = self.0 {
            while let Some(value) = items.next_element_seed(Reading(*item))? {
                values.push(value);
            }
            return Ok(Value::List(values));
        }
        for shape in in_order(&self.0) {
            let value = items.next_element_seed(Reading(shape))?;
            values.push(value.ok_or_else(|| A::Error::custom("too few"))?);
        }
        Ok(match self.0 {
            Shape::Struct(fields) => {
                let names = fields.iter().map(|(name, _)| (*name).into());
                Value::Struct(names.zip(values).collect())
            }
            _ => Value::List(values),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Shape::Map(key, value) = self.0 else { panic!("not a map: {:?}", self.0) };
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry_seed(Reading(*key), Reading(*value))? {
            entries.push(entry);
        }
        Ok(Value::Map(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        let Shape::Enum(variants) = self.0 else { panic!("not an enum: {:?}", self.0) };
        let (index, access) = access.variant_seed(PhantomData::<u32>)?;
        let variant = variants.get(index as usize);
        let (name, shape) = *variant.ok_or_else(|| A::Error::custom("no such variant"))?;
        let held = match shape {
            Shape::Unit => access.unit_variant().map(|()| None)?,
            _ => Some(Box::new(access.newtype_variant_seed(Reading(shape))?)),
        };
        Ok(Value::Variant(name.into(), held))
    }
}

/// The shapes that follow each other in a tuple, an array or a struct.
fn in_order(shape: &Shape) -> Vec<Shape> {
    match shape {
        Shape::Array(item, length) => vec![**item; *length as usize],
        Shape::Tuple(items) => items.to_vec(),
        Shape::Struct(fields) => fields.iter().map(|(_, field)| *field).collect(),
        other => panic!("not a sequence of known length: {other:?}"),
    }
}
