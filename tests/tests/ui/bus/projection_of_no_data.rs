//! A row holds what serde can read and write.

#[path = "../domain.rs"]
mod domain;

use domain::*;
use vitae::Projection;

struct Total(u64);

fn projection() -> Projection {
    Projection::new("takings").on(|paid: &Paid, _, rows| rows.put("all", &Total(paid.cents)))
}

fn main() {}
