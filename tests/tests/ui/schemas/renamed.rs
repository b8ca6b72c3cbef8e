//! A name in a schema is for good, and stands where it is read.

use serde::{Deserialize, Serialize};
use vitae::Schema;

#[derive(Schema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    #[serde(rename(serialize = "a", deserialize = "b"))]
    street: u8,
}

fn main() {}
