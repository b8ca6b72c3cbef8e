//! An event owns its data: what is read back has nothing to borrow from.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed<'a> {
    customer: &'a str,
}

fn main() {}
