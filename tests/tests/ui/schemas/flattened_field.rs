//! A field is written in one piece, in its place.

use serde::{Deserialize, Serialize};
use vitae::Schema;

#[derive(Schema, Serialize, Deserialize)]
struct Address {
    #[serde(flatten)]
    city: City,
}

#[derive(Schema, Serialize, Deserialize)]
struct City;

fn main() {}
