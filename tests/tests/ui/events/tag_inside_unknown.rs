//! A tag inside of a field names a field that is there.

use serde::{Deserialize, Serialize};
use vitae::{Event, Schema};

#[derive(Schema, Serialize, Deserialize)]
struct Place {
    session: String,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "agent.started", tag = place.sessoin)]
struct Started {
    place: Place,
}

fn main() {}
