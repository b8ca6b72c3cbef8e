//! The derive of `Event` makes the schema too, so `Schema` is not derived beside it.

use serde::{Deserialize, Serialize};
use vitae::{Event, Schema};

#[derive(Event, Schema, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed {
    cents: u64,
}

fn main() {}
