//! `at` is asked for a state of the aggregate's lifecycle.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Aggregate;

fn look(order: Aggregate<Order>) {
    let _ = order.at::<u8>();
}

fn main() {}
