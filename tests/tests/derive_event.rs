//! Events and schemas, derived.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use vitae::{DecodeError, Event, Schema};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed")]
struct PlacedV1 {
    customer: String,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed", version = 2, upcast = PlacedV1)]
struct PlacedV2 {
    customer: String,
    cents: u32,
}

#[derive(Event, Serialize, Deserialize, Debug, PartialEq)]
#[event(name = "order.placed", version = 3, upcast = PlacedV2)]
#[event(tag = customer, tag = table, tag = r#ref)]
struct Placed {
    customer: String,
    cents: u64,
    table: Option<u8>,
    #[serde(rename = "reference")]
    r#ref: i64,
}

impl From<PlacedV1> for PlacedV2 {
    fn from(earlier: PlacedV1) -> Self {
        Self { customer: earlier.customer, cents: 1 }
    }
}

impl From<PlacedV2> for Placed {
    fn from(earlier: PlacedV2) -> Self {
        Self {
            customer: earlier.customer,
            cents: u64::from(earlier.cents) * 100,
            table: None,
            r#ref: -1,
        }
    }
}

fn placed(table: Option<u8>) -> Placed {
    Placed { customer: "ada".to_owned(), cents: 100, table, r#ref: -1 }
}

#[test]
fn earlier_versions_are_lifted_one_by_one() {
    let customer = || "ada".to_owned();
    let first = postcard::to_allocvec(&PlacedV1 { customer: customer() });
    let second = postcard::to_allocvec(&PlacedV2 { customer: customer(), cents: 1 });
    let third = postcard::to_allocvec(&placed(None));
    for (version, payload) in [(1, first), (2, second), (3, third)] {
        let read: Placed = vitae::__private::decode(version, &payload.unwrap()).unwrap();
        assert_eq!(read, placed(None));
    }
    assert_eq!(
        vitae::__private::decode::<Placed>(4, &[]),
        Err(DecodeError::FromTheFuture { version: 4, known: 3 })
    );
}

#[test]
fn every_version_has_its_schema() {
    let schemas = vitae::__private::schemas::<Placed>().unwrap();
    let versions = schemas.iter().map(|schema| schema.version.get());
    assert_eq!(versions.collect::<Vec<_>>(), [1, 2, 3]);
    assert!(schemas.iter().all(|schema| schema.kind.as_str() == "order.placed"));
    assert_eq!(&*schemas[0].schema, r#"{"struct":[["customer","string"]]}"#);
    assert_eq!(
        &*schemas[2].schema,
        r#"{"struct":[["customer","string"],["cents","u64"],["table",{"option":"u8"}],["reference","i64"]]}"#
    );
}

#[test]
fn tags_have_the_names_of_the_log_and_absence_gives_none() {
    let tags = |event: &Placed| -> Vec<String> {
        let tags = event.tags().unwrap();
        tags.iter().map(str::to_owned).collect()
    };
    assert_eq!(tags(&placed(None)), ["customer:ada", "reference:-1"]);
    assert_eq!(tags(&placed(Some(4))), ["customer:ada", "table:4", "reference:-1"]);
    let mut endless = placed(None);
    endless.customer = "a".repeat(600);
    assert!(endless.tags().is_err());
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "answered")]
enum Answered {
    Yes,
    No { because: String },
}

#[test]
fn an_enum_may_be_an_event() {
    assert_eq!(
        Answered::SHAPE.to_json(),
        r#"{"enum":[["Yes","unit"],["No",{"struct":[["because","string"]]}]]}"#
    );
    assert!(Answered::Yes.tags().unwrap().is_empty());
    let no = Answered::No { because: String::new() };
    assert_eq!(postcard::to_allocvec(&no).unwrap(), [1, 0]);
}

#[derive(Schema, Serialize)]
struct Unit;

#[derive(Schema, Serialize)]
struct Newtype(u8);

#[derive(Schema, Serialize)]
#[serde(rename = "Two", deny_unknown_fields)]
struct Tuple(u8, Newtype);

#[derive(Schema, Serialize)]
struct NoItems();

#[derive(Schema, Serialize)]
struct NoFields {}

#[derive(Schema, Serialize)]
#[serde(transparent)]
struct Transparent {
    inner: Newtype,
}

#[derive(Schema, Serialize)]
enum Shapes {
    #[serde(rename = "nothing", alias = "none")]
    Unit,
    Newtype(Newtype),
    Tuple(u8, u8),
    Struct {
        #[serde(rename = "type", default)]
        kind: u8,
    },
}

#[derive(Schema, Serialize)]
struct Generic<'a, T, K: Ord, const N: usize = 2>
where
    T: Clone,
{
    items: BTreeMap<K, Vec<T>>,
    text: std::borrow::Cow<'a, str>,
    nothing: PhantomData<[u8; N]>,
}

#[test]
fn shapes_are_what_serde_walks() {
    assert_eq!(Unit::SHAPE.to_json(), r#""unit""#);
    assert_eq!(Newtype::SHAPE.to_json(), r#""u8""#);
    assert_eq!(Tuple::SHAPE.to_json(), r#"{"tuple":["u8","u8"]}"#);
    assert_eq!(NoItems::SHAPE.to_json(), r#"{"tuple":[]}"#);
    assert_eq!(NoFields::SHAPE.to_json(), r#"{"struct":[]}"#);
    assert_eq!(Transparent::SHAPE.to_json(), r#""u8""#);
    assert_eq!(
        Shapes::SHAPE.to_json(),
        r#"{"enum":[["nothing","unit"],["Newtype","u8"],["Tuple",{"tuple":["u8","u8"]}],["Struct",{"struct":[["type","u8"]]}]]}"#
    );
    assert_eq!(
        Generic::<'_, u8, char>::SHAPE.to_json(),
        r#"{"struct":[["items",{"map":["char",{"list":"u8"}]}],["text","string"],["nothing","unit"]]}"#
    );
}

#[test]
fn what_postcard_writes_is_rendered_by_the_shape() {
    fn rendered<T: Schema + Serialize>(value: &T) -> String {
        let schema = vitae::schema::StoredSchema::parse(&T::SHAPE.to_json()).unwrap();
        let bytes = postcard::to_allocvec(value).unwrap();
        schema.render(&bytes).unwrap().to_string()
    }
    assert_eq!(rendered(&Unit), "null");
    assert_eq!(rendered(&Tuple(1, Newtype(2))), "[1,2]");
    assert_eq!(rendered(&NoItems()), "[]");
    assert_eq!(rendered(&NoFields {}), "{}");
    assert_eq!(rendered(&Transparent { inner: Newtype(3) }), "3");
    assert_eq!(rendered(&Shapes::Unit), r#""nothing""#);
    assert_eq!(rendered(&Shapes::Newtype(Newtype(4))), r#"{"Newtype":4}"#);
    assert_eq!(rendered(&Shapes::Tuple(5, 6)), r#"{"Tuple":[5,6]}"#);
    assert_eq!(rendered(&Shapes::Struct { kind: 7 }), r#"{"Struct":{"type":7}}"#);
    let generic: Generic<'_, u8, char> = Generic {
        items: BTreeMap::from([('a', vec![1])]),
        text: "text".into(),
        nothing: PhantomData,
    };
    assert_eq!(rendered(&generic), r#"{"items":{"a":[1]},"text":"text","nothing":null}"#);
}
