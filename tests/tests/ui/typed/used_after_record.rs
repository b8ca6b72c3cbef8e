//! Recording takes the aggregate: there is none left in the state before.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Aggregate;

fn close_twice(order: Aggregate<Order, Open>) {
    let _archived = order.record(Closed).unwrap();
    let _again = order.record(Closed).unwrap();
}

fn main() {}
