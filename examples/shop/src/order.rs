//! An order, from the basket to the door. It knows nothing of parcels.

use std::time::Duration;

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

/// Nobody paid.
#[derive(Event, Serialize, Deserialize, Default, Debug)]
#[event(name = "order.lapsed")]
pub struct Lapsed {}

/// How long an order waits for the money.
const PATIENCE: Duration = Duration::from_secs(14 * 86_400);

/// An order.
#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "order")]
pub enum Order {
    /// Nothing was ordered.
    #[state(initial)]
    #[on(Placed => Unpaid)]
    Basket,

    /// The money is missing.
    #[on(Paid => Settled, Lapsed => Dropped)]
    #[after(PATIENCE => Lapsed)]
    Unpaid(Unpaid),

    /// The goods are missing.
    #[on(Closed => Done)]
    Settled(Settled),

    /// Nothing is missing.
    #[state(terminal)]
    Done,

    /// Nobody wants it any more.
    #[state(terminal)]
    Dropped,
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
