//! A projection is computed from events.

use vitae::Projection;

fn projection() -> Projection {
    Projection::new("takings").on(|_: &String, _, _| Ok(()))
}

fn main() {}
