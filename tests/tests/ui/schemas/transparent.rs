//! A transparent payload has the shape of its one field.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use vitae::Schema;

#[derive(Schema, Serialize, Deserialize)]
#[serde(transparent)]
struct Two {
    first: u8,
    #[serde(default)]
    second: u8,
}

#[derive(Schema, Serialize, Deserialize)]
#[serde(transparent)]
struct Nothing {
    nothing: PhantomData<u8>,
}

fn main() {}
