//! An edge names an event, not a module.

use vitae::Lifecycle;

#[derive(Lifecycle)]
#[lifecycle(name = "order")]
enum Order {
    #[state(initial)]
    #[on(self => Draft, super::crate => Draft)]
    Draft,
}

fn main() {}
