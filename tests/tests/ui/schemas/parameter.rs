//! A type inside a payload has a schema if what it is filled with has one.

use serde::{Deserialize, Serialize};
use vitae::Schema;

#[derive(Schema, Serialize, Deserialize)]
struct Page<T> {
    items: Vec<T>,
}

#[derive(Serialize, Deserialize)]
struct Item;

#[derive(Schema, Serialize, Deserialize)]
struct Pages {
    first: Page<Item>,
}

fn main() {}
