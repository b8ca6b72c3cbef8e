use serde::{Deserialize, Serialize};
use vitae::Schema;

fn none<T>(_: &T) -> bool {
    false
}

#[derive(Schema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    #[serde(skip)]
    cache: u8,
    #[serde(default, skip_serializing_if = "none")]
    street: String,
    #[serde(flatten)]
    city: City,
    #[serde(with = "there")]
    since: u8,
    #[serde(rename(serialize = "a", deserialize = "b"))]
    renamed: u8,
}

mod there {
    pub fn serialize<S: serde::Serializer>(_: &u8, _: S) -> Result<S::Ok, S::Error> {
        loop {}
    }
    pub fn deserialize<'de, D: serde::Deserializer<'de>>(_: D) -> Result<u8, D::Error> {
        loop {}
    }
}

#[derive(Schema, Serialize, Deserialize)]
struct City;

fn main() {}
