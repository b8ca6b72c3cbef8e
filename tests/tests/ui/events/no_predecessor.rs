//! From version 2 on, an event names the version before it, which the log may hold.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", version = 2)]
struct Placed {
    customer: String,
    cents: u64,
}

fn main() {}
