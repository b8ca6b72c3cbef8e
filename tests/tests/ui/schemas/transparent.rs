//! A transparent payload has the shape of its one field.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use vitae::Schema;

#[derive(Schema, Serialize, Deserialize)]
#[serde(transparent)]
struct Id<T> {
    number: u64,
    of: PhantomData<T>,
}

fn main() {}
