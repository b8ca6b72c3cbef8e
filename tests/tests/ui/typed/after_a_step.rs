#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Aggregate;

fn place_twice(order: Aggregate<Order, Draft>) {
    let placed = order.record(Placed).unwrap();
    let _ = placed.record(Placed);
}

fn main() {}
