//! An unknown key of `#[event(…)]` is refused, with the one that may have been meant.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", verison = 1)]
struct Placed {
    customer: String,
    cents: u64,
}

fn main() {}
