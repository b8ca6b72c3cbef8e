use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", version = 2)]
struct Placed {
    customer: String,
    cents: u64,
}

fn main() {}
