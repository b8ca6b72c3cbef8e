//! What serde may be told of a whole type is refused where it changes the bytes.

use serde::{Deserialize, Serialize};
use vitae::{Event, Schema};

#[derive(Schema, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase", rename_all = "camelCase")]
enum Renamed {
    Variant { field: u8 },
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "tagged")]
#[serde(tag = "kind")]
struct Tagged {
    field: u8,
}

#[derive(Event, Serialize, Deserialize, Clone)]
#[event(name = "converted")]
#[serde(try_from = "String", into = "String")]
struct Converted(u8);

impl TryFrom<String> for Converted {
    type Error = std::num::ParseIntError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl From<Converted> for String {
    fn from(converted: Converted) -> Self {
        converted.0.to_string()
    }
}

#[derive(Schema, Serialize, Deserialize)]
#[serde(remote = "std::ops::RangeTo<u8>")]
struct Remote {
    #[serde(getter = "end")]
    end: u8,
}

fn end(range: &std::ops::RangeTo<u8>) -> &u8 {
    &range.end
}

impl From<Remote> for std::ops::RangeTo<u8> {
    fn from(remote: Remote) -> Self {
        ..remote.end
    }
}

#[derive(Schema, Deserialize)]
#[serde(field_identifier)]
enum FieldName {
    A,
}

#[derive(Schema, Deserialize)]
#[serde(variant_identifier)]
enum VariantName {
    A,
}

fn main() {}
