//! What a state holds can be used from several threads, as a bus may be.

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed;

#[derive(Clone, Default)]
struct Open {
    lines: std::cell::Cell<u32>,
}

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
enum Order {
    #[state(initial)]
    #[on(Placed => Open)]
    Open(Open),
}

impl OrderTransitions for Order {
    fn open_on_placed(from: Open, _: &Placed, _: &Context) -> Open {
        from
    }
}

fn main() {}
