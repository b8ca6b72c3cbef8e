//! What the derive makes has names of its own, which neither a state nor an event can have.

use serde::{Deserialize, Serialize};
use vitae::{Event, Lifecycle};

mod events {
    use super::{Deserialize, Event, Serialize};

    #[derive(Event, Serialize, Deserialize)]
    #[event(name = "order.placed")]
    pub struct OrderEvent;
}

use events::OrderEvent as Placed;

#[derive(Lifecycle)]
#[lifecycle(name = "order")]
enum Order {
    #[state(initial)]
    #[on(Placed => OrderTyped)]
    Draft,
    #[state(terminal)]
    OrderTyped,
}

fn main() {}
