//! A tag is a text or a number, for it must be found again by equality.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", tag = customer)]
struct Placed {
    customer: Vec<u8>,
}

fn main() {}
