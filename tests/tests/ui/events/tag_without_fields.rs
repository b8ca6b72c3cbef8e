//! A tag is called as its field is, so the event has named fields.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", tag = customer)]
struct Placed(String);

fn main() {}
