//! Parcels: a lifecycle in a library of the edition before, which has `vitae` under another name.

#![deny(missing_docs, warnings, unsafe_code, clippy::pedantic)]

use events::{Context, Event, Lifecycle, Schema};
use serde::{Deserialize, Serialize};

/// What is in a parcel.
#[derive(Schema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[schema(crate = events)]
pub struct Item {
    /// What it is called.
    pub name: String,
    /// How many there are.
    pub count: u32,
}

/// A parcel was packed.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "parcel.packed", crate = events)]
pub struct Packed {
    /// All that is in it.
    pub items: Vec<Item>,
}

/// A parcel was handed to the post.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "parcel.sent", crate = events)]
pub struct Sent {}

/// The life of a parcel.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "parcel", crate = events)]
pub enum Parcel {
    /// Nobody has begun.
    #[state(initial)]
    #[on(Packed => Ready)]
    Empty,
    /// It stands there.
    #[on(Sent => Gone)]
    Ready(Ready),
    /// It has left.
    #[state(terminal)]
    Gone,
}

/// A parcel that stands there.
#[derive(Clone, Debug)]
pub struct Ready {
    /// All that is in it.
    pub items: Vec<Item>,
}

impl ParcelTransitions for Parcel {
    fn empty_on_packed(_: Empty, event: &Packed, _: &Context) -> Ready {
        Ready { items: event.items.clone() }
    }
}
