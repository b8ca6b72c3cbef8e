//! Version 1 is the first: there is none before it.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", upcast = PlacedV1)]
struct Placed {
    customer: String,
    cents: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct PlacedV1;

impl From<PlacedV1> for Placed {
    fn from(_: PlacedV1) -> Self {
        Self { customer: String::new(), cents: 0 }
    }
}

fn main() {}
