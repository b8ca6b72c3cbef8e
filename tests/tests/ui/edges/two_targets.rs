//! An event leads to one state. That nothing else leads to the other is not a second mistake.

use serde::{Deserialize, Serialize};
use vitae::{Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed")]
struct Placed;

#[derive(Lifecycle)]
#[lifecycle(name = "order")]
enum Order {
    #[state(initial)]
    #[on(Placed => Open, Placed => Archived)]
    Draft,
    #[state(terminal)]
    Open,
    #[state(terminal)]
    Archived,
}

impl OrderTransitions for Order {}

fn main() {}
