//! An enum is written as serde writes it by itself: by the number of its variant.

use serde::{Deserialize, Serialize};
use vitae::Schema;

#[derive(Schema, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    A,
}

#[derive(Schema, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
enum Tagged {
    A,
}

fn main() {}
