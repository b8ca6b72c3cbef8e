//! A field is always written: a byte that is left out shifts all that follow.

use serde::{Deserialize, Serialize};
use vitae::Schema;

fn none<T>(_: &T) -> bool {
    false
}

#[derive(Schema, Serialize, Deserialize)]
struct Address {
    #[serde(skip)]
    cache: u8,
    #[serde(default, skip_serializing_if = "none")]
    street: String,
}

fn main() {}
