//! What a function writes has no shape that could be known.

use serde::{Deserialize, Serialize};
use vitae::Schema;

#[derive(Schema, Serialize, Deserialize)]
struct Address {
    #[serde(with = "seconds")]
    since: u8,
    #[serde(serialize_with = "seconds::serialize", deserialize_with = "seconds::deserialize")]
    until: u8,
}

mod seconds {
    pub fn serialize<S: serde::Serializer>(_: &u8, _: S) -> Result<S::Ok, S::Error> {
        loop {}
    }
    pub fn deserialize<'de, D: serde::Deserializer<'de>>(_: D) -> Result<u8, D::Error> {
        loop {}
    }
}

fn main() {}
