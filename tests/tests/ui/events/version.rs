//! A version is a number from 1 on.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", version = 0)]
struct Placed {
    customer: String,
    cents: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "paid", version = "1")]
struct Paid;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "sent", version = 4294967296)]
struct Sent;

fn main() {}
