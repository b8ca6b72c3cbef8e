//! `Event` makes the schema too, so deriving both is one derive too many.

use serde::{Deserialize, Serialize};
use vitae::{Event, Schema};

#[derive(Event, Schema, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed {
    cents: u64,
}

fn main() {}
