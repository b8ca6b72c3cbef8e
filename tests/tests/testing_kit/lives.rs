//! An order and its parcel.

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, HandlerError, Lifecycle, Policy, Projection, Refusal, Timestamp};

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.placed")]
pub struct Placed {
    pub cents: u64,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.paid")]
pub struct Paid {
    pub cents: u64,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.reminded")]
pub struct Reminded {}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.cancelled")]
pub struct Cancelled;

#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "order")]
pub enum Order {
    #[state(initial)]
    #[on(Placed if Draft::costs_something => Open)]
    Draft,
    #[on(Reminded => Open, Cancelled => Void)]
    #[on(Paid if Open::is_enough => Done)]
    Open(Open),
    #[state(terminal)]
    Done,
    #[state(terminal)]
    Void,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    pub cents: u64,
    pub since: Timestamp,
}

impl Draft {
    fn costs_something(&self, event: &Placed, _: &Context) -> Result<(), Refusal> {
        if event.cents == 0 { Err(Refusal::new("it costs nothing")) } else { Ok(()) }
    }
}

impl Open {
    fn is_enough(&self, event: &Paid, _: &Context) -> Result<(), Refusal> {
        if event.cents < self.cents { Err(Refusal::new("it is not enough")) } else { Ok(()) }
    }
}

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, event: &Placed, context: &Context) -> Open {
        Open { cents: event.cents, since: context.occurred_at() }
    }

    fn open_on_reminded(from: Open, _: &Reminded, _: &Context) -> Open {
        from
    }
}

pub(crate) fn open(cents: u64) -> Order {
    Order::Open(Open { cents, since: Timestamp::from_micros(0) })
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "parcel.requested")]
pub struct Requested {}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "parcel.sent")]
pub struct Sent {}

/// Without `Debug` and `PartialEq`.
#[derive(Lifecycle, Clone)]
#[lifecycle(name = "parcel")]
pub enum Parcel {
    #[state(initial)]
    #[on(Requested => Packing)]
    Nothing,
    #[on(Sent => Gone)]
    Packing,
    #[state(terminal)]
    Gone,
}

impl ParcelTransitions for Parcel {}

pub(crate) fn paid_orders_are_packed() -> Policy {
    Policy::new("paid-orders-are-packed").on(|_: &Paid, order, then| {
        then.record::<Parcel>(order.stream().id(), Requested {})?;
        Ok(())
    })
}

pub(crate) fn takings() -> Projection {
    Projection::new("takings")
        .on(|_: &Placed, order, rows| rows.put(order.stream().id().as_str(), &0_u64))
        .on(|event: &Paid, order, rows| match event.cents {
            13 => Err(HandlerError::from("13 is not counted")),
            cents => rows.put(order.stream().id().as_str(), &cents),
        })
}
