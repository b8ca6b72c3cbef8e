//! An event of another lifecycle cannot be recorded, even where the state is known at run time only.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Aggregate;

mod parcel {
    #[derive(vitae::Event, serde::Serialize, serde::Deserialize)]
    #[event(name = "parcel.sent")]
    pub struct Sent;

    #[derive(vitae::Lifecycle, Clone)]
    #[lifecycle(name = "parcel")]
    pub enum Parcel {
        #[state(initial)]
        #[on(Sent => Gone)]
        Packed,
        #[state(terminal)]
        Gone,
    }

    impl ParcelTransitions for Parcel {}
}

fn send(order: Aggregate<Order>) {
    let _ = order.record(parcel::Sent);
}

fn main() {}
