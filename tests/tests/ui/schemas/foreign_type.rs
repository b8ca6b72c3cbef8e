//! A type of another crate has a schema only if vitae knows it.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed {
    at: SystemTime,
}

fn main() {}
