//! The version before is a type that is there: it stays in the crate for as long as the log may hold it.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", version = 2, upcast = PlacedV1)]
struct Placed {
    customer: String,
    cents: u64,
}

impl From<PlacedV1> for Placed {
    fn from(_: PlacedV1) -> Self {
        Self { customer: String::new(), cents: 0 }
    }
}

fn main() {}
