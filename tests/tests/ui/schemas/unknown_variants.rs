//! A variant stands for itself: one for all that are unknown could not be written again.

use serde::{Deserialize, Serialize};
use vitae::Schema;

#[derive(Schema, Serialize, Deserialize)]
enum Colour {
    Red,
    #[serde(other)]
    Unknown,
}

#[derive(Schema, Deserialize)]
#[serde(variant_identifier)]
enum Name {
    Red,
}

fn main() {}
