//! An event moves a typed aggregate: what was legal before need not be legal after.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Aggregate;

fn place_twice(order: Aggregate<Order, Draft>) {
    let placed = order.record(Placed).unwrap();
    let _ = placed.record(Placed);
}

fn main() {}
