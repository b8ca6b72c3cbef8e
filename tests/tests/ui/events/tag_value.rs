//! A tag names a field, as Rust does: without quotes.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", tag = "customer")]
struct Placed {
    customer: String,
    cents: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "paid", tag)]
struct Paid {
    cents: u64,
}

fn main() {}
