//! An order, from the basket to the door. It knows nothing of parcels.

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle};

/// Somebody wants something.
#[derive(Event, Serialize, Deserialize, Debug)]
#[event(name = "order.placed", tag = customer)]
pub struct Placed {
    /// Who.
    pub customer: String,
    /// What it costs.
    pub cents: u64,
}

/// The money is there.
#[derive(Event, Serialize, Deserialize, Debug)]
#[event(name = "order.paid")]
pub struct Paid {
    /// How much.
    pub cents: u64,
}

/// Nothing is left to do.
#[derive(Event, Serialize, Deserialize, Debug)]
#[event(name = "order.closed")]
pub struct Closed {}

/// An order.
#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "order")]
pub enum Order {
    /// Nothing was ordered.
    #[state(initial)]
    #[on(Placed => Unpaid)]
    Basket,

    /// The money is missing.
    #[on(Paid => Settled)]
    Unpaid(Unpaid),

    /// The goods are missing.
    #[on(Closed => Done)]
    Settled(Settled),

    /// Nothing is missing.
    #[state(terminal)]
    Done,
}

/// An order that is not paid.
#[derive(Clone, Debug, PartialEq)]
pub struct Unpaid {
    /// Who ordered.
    pub customer: String,
    /// What it costs.
    pub cents: u64,
}

/// An order that is paid.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// Who ordered.
    pub customer: String,
}

impl OrderTransitions for Order {
    fn basket_on_placed(_: Basket, event: &Placed, _: &Context) -> Unpaid {
        Unpaid { customer: event.customer.clone(), cents: event.cents }
    }

    fn unpaid_on_paid(from: Unpaid, _: &Paid, _: &Context) -> Settled {
        Settled { customer: from.customer }
    }
}
