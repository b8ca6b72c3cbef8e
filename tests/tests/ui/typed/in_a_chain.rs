//! A wrong event is one mistake, whatever is done with what it would have led to.

#[path = "../domain.rs"]
mod domain;
use domain::*;

fn chain(order: vitae::Aggregate<Order, Draft>, bus: &vitae::Bus) -> Option<u64> {
    let paid = order.record(Paid { cents: 1 }).ok()?;
    let closed = paid.record(Paid { cents: 2 }).ok()?;
    let cents = closed.state().cents;
    bus.commit(closed).ok()?;
    Some(cents)
}

fn main() {}
