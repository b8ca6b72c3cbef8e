//! A type of another crate has a schema only if vitae knows it.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed {
    path: OsString,
}

fn main() {}
