#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Aggregate;

fn look(order: Aggregate<Order>) {
    let _ = order.at::<u8>();
}

fn hold(_: Aggregate<Order, String>) {}

fn main() {}
