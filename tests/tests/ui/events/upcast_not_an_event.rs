//! The version before is an event itself, with its own stored name and version.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", version = 2, upcast = PlacedV1)]
struct Placed {
    customer: String,
    cents: u64,
}

struct PlacedV1;

impl From<PlacedV1> for Placed {
    fn from(_: PlacedV1) -> Self {
        Self { customer: String::new(), cents: 0 }
    }
}

fn main() {}
