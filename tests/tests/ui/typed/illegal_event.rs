//! An event that is not legal in a state cannot be recorded in it.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Aggregate;

fn pay_a_draft(order: Aggregate<Order, Draft>) {
    let _ = order.record(Paid { cents: 1 });
}

fn main() {}
