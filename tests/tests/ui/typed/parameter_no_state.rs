//! The second parameter of an aggregate is a state of the first.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Aggregate;

fn look(_: &Aggregate<Order, String>) {}

fn main() {}
