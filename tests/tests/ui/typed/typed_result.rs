//! What recording returns is in the state that the edge leads to.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Aggregate;

fn place(order: Aggregate<Order, Draft>) -> Aggregate<Order, Archived> {
    order.record(Placed).unwrap()
}

fn main() {}
