//! What is loaded is a lifecycle; its state is then looked at with `at`.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Bus;

fn load(bus: &Bus) {
    let _ = bus.load::<Open>("7");
}

fn main() {}
