//! What serde may be told of a variant is refused where it changes the bytes.

use serde::{Deserialize, Serialize};
use vitae::Schema;

#[derive(Schema, Serialize, Deserialize)]
enum Choice {
    #[serde(skip)]
    Skipped,
    #[serde(skip_serializing)]
    NotWritten,
    #[serde(skip_deserializing)]
    NotRead,
    #[serde(with = "there")]
    WithModule(u8),
    #[serde(serialize_with = "there::serialize", deserialize_with = "there::deserialize")]
    WithFunctions(u8),
    #[serde(rename_all = "camelCase")]
    Renamed { some_field: u8 },
    Fields {
        #[serde(skip)]
        skipped: u8,
        #[serde(skip_serializing, default)]
        not_written: u8,
        #[serde(skip_deserializing)]
        not_read: u8,
        #[serde(serialize_with = "there::serialize")]
        written: u8,
        #[serde(deserialize_with = "there::deserialize")]
        read: u8,
    },
    Tuple(u8, #[serde(skip_serializing_if = "is_zero")] u8),
    #[serde(untagged)]
    Untagged(u8),
}

#[derive(Schema, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Open {
    Known,
    #[serde(other)]
    Other,
}

fn is_zero(number: &u8) -> bool {
    *number == 0
}

mod there {
    pub fn serialize<S: serde::Serializer>(_: &u8, _: S) -> Result<S::Ok, S::Error> {
        loop {}
    }
    pub fn deserialize<'de, D: serde::Deserializer<'de>>(_: D) -> Result<u8, D::Error> {
        loop {}
    }
}

fn main() {}
