//! A parcel, from the shelf to the van. It knows nothing of orders.

use serde::{Deserialize, Serialize};
use vitae::{Event, Lifecycle};

/// There is something to pack.
#[derive(Event, Serialize, Deserialize, Debug)]
#[event(name = "parcel.requested")]
pub struct Requested {}

/// It has left the house.
#[derive(Event, Serialize, Deserialize, Debug)]
#[event(name = "parcel.handed_over")]
pub struct HandedOver {
    /// In which van.
    pub van: String,
}

/// A parcel.
#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "parcel")]
pub enum Parcel {
    /// Nobody has asked for it.
    #[state(initial)]
    #[on(Requested => Packing)]
    Unknown,

    /// On the table.
    #[on(HandedOver => OnItsWay)]
    Packing,

    /// In the van.
    #[state(terminal)]
    OnItsWay,
}

impl ParcelTransitions for Parcel {}
