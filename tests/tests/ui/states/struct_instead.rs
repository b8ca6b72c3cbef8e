//! A lifecycle is an enum: its variants are the states.

use vitae::Lifecycle;

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
struct Order;

fn main() {}
