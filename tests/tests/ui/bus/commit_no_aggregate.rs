//! What is committed is aggregates: one, a tuple of up to eight, an `Option` or a `Vec` of them.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Bus;

fn commit(bus: &Bus) {
    let _ = bus.commit(Paid { cents: 1 });
}

fn main() {}
