//! An event has a stored name: its identity in the log, whatever the type is called.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
struct Placed {
    customer: String,
    cents: u64,
}

fn main() {}
