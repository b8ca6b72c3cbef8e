//! An aggregate is never in a state of another lifecycle.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Aggregate;

mod other {
    use crate::domain::{Closed, Placed};

    #[derive(vitae::Lifecycle, Clone)]
    #[lifecycle(name = "parcel")]
    pub enum Parcel {
        #[state(initial)]
        #[on(Placed => Sent)]
        Waiting,
        #[on(Closed => Waiting)]
        Sent,
    }

    impl ParcelTransitions for Parcel {}
}

fn look(order: Aggregate<Order>) {
    let _ = order.at::<other::Sent>();
}

fn main() {}
