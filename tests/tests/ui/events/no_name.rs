use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
struct Placed {
    customer: String,
    cents: u64,
}

fn main() {}
