//! A tag names a field of the event.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", tag = costumer, tag = weight)]
struct Placed {
    customer: String,
    cents: u64,
}

fn main() {}
