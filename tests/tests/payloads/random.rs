//! Random shapes, and random values of them.
//!
//! Owns what a value of a shape is, and what must be rendered of it. Never asks the renderer, which
//! this is to test.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use vitae::schema::{Shape, Value};

/// A value of a shape.
#[derive(Clone, Debug)]
pub(crate) enum Datum {
    Unit,
    Bool(bool),
    Unsigned(u128),
    Signed(i128),
    F32(f32),
    F64(f64),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    Option(Option<Box<Datum>>),
    /// Of a list, a tuple, an array or a struct.
    Items(Vec<Datum>),
    Map(Vec<(Datum, Datum)>),
    Variant(u32, Box<Datum>),
}

/// Shapes of every kind, a few levels deep.
pub(crate) fn shapes() -> impl Strategy<Value = Shape> {
    let leaves = [
        Shape::Unit,
        Shape::Bool,
        Shape::U8,
        Shape::U16,
        Shape::U32,
        Shape::U64,
        Shape::U128,
        Shape::I8,
        Shape::I16,
        Shape::I32,
        Shape::I64,
        Shape::I128,
        Shape::F32,
        Shape::F64,
        Shape::Char,
        Shape::String,
        Shape::Bytes,
    ];
    prop::sample::select(leaves.to_vec()).prop_recursive(4, 24, 4, |inner| {
        let two = (inner.clone(), inner.clone());
        let named = vec((".{0,6}", inner.clone()), 0..4);
        let many = (0..300_usize, inner.clone());
        prop_oneof![
            inner.clone().prop_map(|held| Shape::Option(leak(held))),
            inner.clone().prop_map(list),
            two.prop_map(|(key, value)| map(key, value)),
            vec(inner.clone(), 0..4).prop_map(|items| Shape::Tuple(items.leak())),
            (inner, 0..4_u32).prop_map(|(item, length)| Shape::Array(leak(item), length)),
            named.clone().prop_map(|fields| Shape::Struct(names(fields))),
            named.prop_map(|variants| Shape::Enum(with_first(names(variants)))),
            // So many that an index takes two bytes.
            many.prop_map(|(before, last)| {
                let mut variants = vec![("none", Shape::Unit); before];
                variants.push(("last", last));
                Shape::Enum(variants.leak())
            }),
        ]
    })
}

/// A shape and a value of it.
pub(crate) fn payloads() -> impl Strategy<Value = (Shape, Datum)> {
    shapes().prop_flat_map(|shape| (Just(shape), data(shape)))
}

/// What must be rendered of a value.
pub(crate) fn expected(shape: Shape, datum: &Datum) -> Value {
    match (shape, datum) {
        (_, Datum::Unit | Datum::Option(None)) => Value::Null,
        (_, Datum::Bool(value)) => Value::Bool(*value),
        (_, Datum::Unsigned(value)) => Value::Unsigned(*value),
        (_, Datum::Signed(value)) => Value::Signed(*value),
        (_, Datum::F32(value)) => Value::F32(*value),
        (_, Datum::F64(value)) => Value::F64(*value),
        (_, Datum::Char(value)) => Value::Text(value.to_string()),
        (_, Datum::Text(value)) => Value::Text(value.clone()),
        (_, Datum::Bytes(value)) => Value::Bytes(value.clone()),
        (Shape::Option(held), Datum::Option(Some(value))) => expected(*held, value),
        (Shape::List(item) | Shape::Array(item, _), Datum::Items(items)) => {
            Value::List(items.iter().map(|datum| expected(*item, datum)).collect())
        }
        (Shape::Tuple(shapes), Datum::Items(items)) => {
            Value::List(shapes.iter().zip(items).map(|(shape, it)| expected(*shape, it)).collect())
        }
        (Shape::Struct(fields), Datum::Items(items)) => {
            let fields = fields.iter().zip(items);
            Value::Struct(
                fields
                    .map(|((name, shape), it)| (Arc::from(*name), expected(*shape, it)))
                    .collect(),
            )
        }
        (Shape::Map(key, value), Datum::Map(entries)) => {
            let entries = entries.iter();
            Value::Map(entries.map(|(k, v)| (expected(*key, k), expected(*value, v))).collect())
        }
        (Shape::Enum(variants), Datum::Variant(index, held)) => {
            let (name, shape) = variants[*index as usize];
            let held = (shape != Shape::Unit).then(|| Box::new(expected(shape, held)));
            Value::Variant(Arc::from(name), held)
        }
        other => panic!("not a value of its shape: {other:?}"),
    }
}

fn data(shape: Shape) -> BoxedStrategy<Datum> {
    match shape {
        Shape::Unit => Just(Datum::Unit).boxed(),
        Shape::Bool => any::<bool>().prop_map(Datum::Bool).boxed(),
        Shape::U8 => unsigned(8),
        Shape::U16 => unsigned(16),
        Shape::U32 => unsigned(32),
        Shape::U64 => unsigned(64),
        Shape::U128 => unsigned(128),
        Shape::I8 => signed(8),
        Shape::I16 => signed(16),
        Shape::I32 => signed(32),
        Shape::I64 => signed(64),
        Shape::I128 => signed(128),
        Shape::F32 => prop::num::f32::ANY.prop_map(Datum::F32).boxed(),
        Shape::F64 => prop::num::f64::ANY.prop_map(Datum::F64).boxed(),
        Shape::Char => any::<char>().prop_map(Datum::Char).boxed(),
        Shape::String => any::<String>().prop_map(Datum::Text).boxed(),
        Shape::Bytes => vec(any::<u8>(), 0..200).prop_map(Datum::Bytes).boxed(),
        Shape::Option(held) => {
            prop::option::of(data(*held).prop_map(Box::new)).prop_map(Datum::Option).boxed()
        }
        Shape::List(item) => vec(data(*item), 0..5).prop_map(Datum::Items).boxed(),
        Shape::Array(item, length) => {
            vec(data(*item), length as usize).prop_map(Datum::Items).boxed()
        }
        Shape::Tuple(items) => {
            items.iter().map(|item| data(*item)).collect::<Vec<_>>().prop_map(Datum::Items).boxed()
        }
        Shape::Struct(fields) => {
            let fields: Vec<_> = fields.iter().map(|(_, field)| data(*field)).collect();
            fields.prop_map(Datum::Items).boxed()
        }
        Shape::Map(key, value) => {
            vec((data(*key), data(*value)), 0..4).prop_map(Datum::Map).boxed()
        }
        Shape::Enum(variants) => (0..variants.len())
            .prop_flat_map(|index| (Just(index as u32), data(variants[index].1)))
            .prop_map(|(index, held)| Datum::Variant(index, Box::new(held)))
            .boxed(),
        other => panic!("a new kind of shape: {other:?}"),
    }
}

/// Numbers of every length.
fn unsigned(bits: u32) -> BoxedStrategy<Datum> {
    let number = (any::<u128>(), 128 - bits..128);
    number.prop_map(|(number, shift)| Datum::Unsigned(number >> shift)).boxed()
}

fn signed(bits: u32) -> BoxedStrategy<Datum> {
    let number = (any::<i128>(), 128 - bits..128);
    number.prop_map(|(number, shift)| Datum::Signed(number >> shift)).boxed()
}

/// As the schemas of the types: no list and no map of what takes no byte.
fn list(item: Shape) -> Shape {
    if item.takes_bytes() { Shape::List(leak(item)) } else { item }
}

fn map(key: Shape, value: Shape) -> Shape {
    let takes_bytes = key.takes_bytes() || value.takes_bytes();
    if takes_bytes { Shape::Map(leak(key), leak(value)) } else { key }
}

fn with_first(variants: &'static [(&'static str, Shape)]) -> &'static [(&'static str, Shape)] {
    if variants.is_empty() { &[("only", Shape::Unit)] } else { variants }
}

fn names(named: Vec<(String, Shape)>) -> &'static [(&'static str, Shape)] {
    let named = named.into_iter().map(|(name, shape)| (&*name.leak(), shape));
    named.collect::<Vec<_>>().leak()
}

/// Shapes are constants; those of a test live as long as it does.
fn leak(shape: Shape) -> &'static Shape {
    Box::leak(Box::new(shape))
}
