//! A match on typed aggregates covers every state.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Aggregate;

fn look(order: Aggregate<Order>) -> &'static str {
    match order.typed() {
        OrderTyped::Draft(_) => "draft",
        OrderTyped::Open(_) => "open",
    }
}

fn main() {}
