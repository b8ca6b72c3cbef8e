use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", tag = costumer, tag = weight, tag = "customer", tag = customer, tag = customer, tag)]
struct Placed {
    customer: String,
    cents: u64,
}

fn main() {}
