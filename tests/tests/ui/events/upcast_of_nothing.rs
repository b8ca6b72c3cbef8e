//! From version 2 on there is a version before; saying that there is none does not make it so.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", version = 2, upcast = vitae::NoPredecessor)]
struct Placed;

impl From<vitae::NoPredecessor> for Placed {
    fn from(earlier: vitae::NoPredecessor) -> Self {
        match earlier {}
    }
}

fn main() {}
