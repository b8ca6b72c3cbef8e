//! An event cannot have the name of what the derive makes beside the enum.

use vitae::Lifecycle;

#[derive(Lifecycle)]
#[lifecycle(name = "order")]
enum Order {
    #[state(initial)]
    #[on(OrderEvent => Draft)]
    Draft,
}

fn main() {}
