//! Every type in a payload has a schema, which the log keeps beside the bytes.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed {
    address: Address,
    note: Option<Note>,
}

#[derive(Serialize, Deserialize)]
struct Address;

#[derive(Serialize, Deserialize)]
struct Note;

fn main() {}
