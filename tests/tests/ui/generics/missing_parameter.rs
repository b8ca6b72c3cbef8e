//! The trait of bodies has the parameters of its lifecycle.

use serde::{Deserialize, Serialize};
use vitae::{Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed")]
struct Placed;

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
enum Order<const LIMIT: u32> {
    #[state(initial)]
    #[on(Placed => Draft)]
    Draft,
}

impl<const LIMIT: u32> OrderTransitions for Order<LIMIT> {}

fn main() {}
