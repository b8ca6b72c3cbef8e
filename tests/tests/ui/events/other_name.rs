//! All versions of an event are stored under one name.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", version = 2, upcast = PlacedV1)]
struct Placed {
    customer: String,
    cents: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed")]
struct PlacedV1;

impl From<PlacedV1> for Placed {
    fn from(_: PlacedV1) -> Self {
        Self { customer: String::new(), cents: 0 }
    }
}

fn main() {}
