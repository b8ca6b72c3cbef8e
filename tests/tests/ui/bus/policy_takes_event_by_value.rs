//! A handler borrows the event that it is given.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Policy;

fn policy() -> Policy {
    Policy::new("paid-orders-are-packed").on(|_: Paid, _, _| Ok(()))
}

fn main() {}
