//! A policy reacts to an event.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Policy;

fn policy() -> Policy {
    Policy::new("paid-orders-are-packed").on(|_: &Open, _, _| Ok(()))
}

fn main() {}
