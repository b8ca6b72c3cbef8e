//! An aggregate whose state is known at run time only is no aggregate in a state: `at` makes it one.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Aggregate;

fn pay(order: Aggregate<Order, Open>) {
    let _ = order.record(Paid { cents: 1 });
}

fn pay_whatever(order: Aggregate<Order>) {
    pay(order);
}

fn main() {}
