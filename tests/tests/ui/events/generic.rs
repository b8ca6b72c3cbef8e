//! An event has no parameters: one stored name has one shape.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed<T> {
    customer: T,
}

fn main() {}
