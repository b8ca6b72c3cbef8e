//! A tag is named once; so are two fields whose tags would be called alike.

use serde::{Deserialize, Serialize};
use vitae::{Event, Schema};

#[derive(Schema, Serialize, Deserialize)]
struct Place {
    customer: String,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", tag = customer, tag = customer, tag = place.customer)]
struct Placed {
    customer: String,
    place: Place,
}

fn main() {}
