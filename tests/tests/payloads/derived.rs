//! Types with the derives of serde and of ours side by side: what both read from one declaration.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use vitae::Schema;
use vitae::schema::{Shape, StoredSchema};

use crate::rendered_as_json;

/// Has no schema: nothing holds a value of it.
struct Customer;

#[derive(Schema, Serialize, Deserialize)]
#[serde(transparent)]
struct Id<T> {
    kind: PhantomData<fn() -> T>,
    number: u64,
}

#[derive(Schema, Serialize, Deserialize)]
#[serde(bound = "")]
struct Marked<T>(u8, PhantomData<T>);

#[test]
fn a_phantom_holds_nothing() {
    rendered_as_json(&Id::<Customer> { kind: PhantomData, number: 7 });
    rendered_as_json(&Marked::<Customer>(1, PhantomData));
}

trait Domain {
    const LENGTH: usize = 2;
    type Key;
}

impl Domain for Customer {
    type Key = String;
}

#[derive(Schema, Serialize, Deserialize)]
#[serde(bound(serialize = "D::Key: Serialize", deserialize = "D::Key: Deserialize<'de>"))]
struct Keyed<D: Domain>
where
    D::Key: Schema,
{
    key: D::Key,
    other: <D as Domain>::Key,
}

#[derive(Schema, Serialize, Deserialize)]
struct Fixed {
    items: [u8; Self::LENGTH],
    more: [u8; <Self as Domain>::LENGTH],
}

impl Fixed {
    const LENGTH: usize = 3;
}

impl Domain for Fixed {
    type Key = ();
}

#[test]
fn a_path_through_a_type_is_another_type() {
    rendered_as_json(&Keyed::<Customer> { key: "a".to_owned(), other: "b".to_owned() });
    rendered_as_json(&Fixed { items: [1, 2, 3], more: [4, 5] });
}

#[derive(Schema, Serialize, Deserialize, Default)]
enum Choice {
    #[default]
    Numbered = 5,
    Other = 1,
}

#[derive(Schema, Serialize, Deserialize)]
enum Held {
    Nothing,
    NoItems(),
    NoFields {},
    Option(Option<u8>),
    Options(Option<u8>, Option<Option<u8>>),
    Tuple((u8, u8)),
    #[cfg(any())]
    Absent(u8),
    Last {
        #[serde(default, alias = "was")]
        field: Choice,
    },
}

#[test]
fn variants_are_what_they_are_in_json() {
    let last = Held::Last { field: Choice::Numbered };
    let options = Held::Options(Some(1), Some(None));
    let values =
        [Held::Nothing, Held::NoItems(), Held::NoFields {}, options, Held::Tuple((1, 2)), last];
    values.iter().for_each(rendered_as_json);
    rendered_as_json(&[Held::Option(None), Held::Option(Some(1))][..]);
    rendered_as_json(&[Choice::Numbered, Choice::Other]);
}

/// An attribute may come out of a macro.
macro_rules! renamed {
    ($name:expr, $other:literal) => {
        #[derive(Schema, Serialize, Deserialize)]
        struct Renamed {
            #[serde(rename = $name)]
            r#in: u8,
            #[serde(alias = "old", rename = $other)]
            out: u8,
        }
    };
}

renamed!("from", "to");

#[test]
fn names_are_those_that_serde_writes() {
    rendered_as_json(&Renamed { r#in: 1, out: 2 });
}

#[derive(Schema, Serialize, Deserialize)]
enum Never {}

#[test]
fn a_value_that_cannot_be_is_none() {
    assert_eq!(Never::SHAPE, Shape::Enum(&[]));
    let schema = StoredSchema::parse(&Option::<Never>::SHAPE.to_json()).unwrap();
    assert_eq!(schema.render(&[0]).unwrap().to_string(), "null");
    assert_eq!(schema.render(&[1, 0]).unwrap_err().reason, "there is no such variant");
}
