//! Nothing can be recorded in a terminal state.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Aggregate;

fn reopen(order: Aggregate<Order, Archived>) {
    let _ = order.record(Placed);
}

fn main() {}
