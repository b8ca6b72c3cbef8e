//! A new version says how an event of the version before it is lifted: by `From`.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", version = 2, upcast = PlacedV1)]
struct Placed {
    customer: String,
    cents: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct PlacedV1;

fn main() {}
