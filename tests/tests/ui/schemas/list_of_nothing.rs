//! A list holds values that take bytes: of others a few bytes could claim any number.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "ticked")]
struct Ticked {
    ticks: Vec<()>,
}

fn main() {}
