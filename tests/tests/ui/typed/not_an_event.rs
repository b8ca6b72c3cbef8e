//! Only events can be recorded.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Aggregate;

fn record_a_number(order: Aggregate<Order, Draft>) {
    let _ = order.record(7);
}

fn main() {}
