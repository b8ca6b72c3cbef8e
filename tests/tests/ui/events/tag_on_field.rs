//! Tags are named on the type, where all of what identifies an event stands together.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed {
    #[event(tag)]
    customer: String,
}

fn main() {}
