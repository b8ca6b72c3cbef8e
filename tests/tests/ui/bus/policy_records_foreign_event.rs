//! A policy records an event in a lifecycle that has it.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Policy;

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

fn policy() -> Policy {
    Policy::new("paid-orders-are-sent").on(|_: &Paid, order, then| {
        Ok(then.record::<parcel::Parcel>(order.stream().id(), Closed)?)
    })
}

fn main() {}
