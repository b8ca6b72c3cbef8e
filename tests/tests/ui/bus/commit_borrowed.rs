//! A commit takes its aggregates, and gives them back in its answer.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::{Aggregate, Bus};

fn commit(bus: &Bus, order: Aggregate<Order, Open>) {
    let _ = bus.commit(&order);
}

fn main() {}
