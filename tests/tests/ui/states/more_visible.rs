//! A state's struct is at most as visible as its lifecycle: whoever sees it sees whose state it is.

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed")]
struct Placed;

#[derive(Lifecycle)]
#[lifecycle(name = "order")]
enum Order {
    #[state(initial)]
    #[on(Placed => Open)]
    Draft,
    #[on(Placed => Open)]
    Open(Open),
}

#[derive(Clone)]
pub struct Open;

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, _: &Placed, _: &Context) -> Open {
        Open
    }
    fn open_on_placed(from: Open, _: &Placed, _: &Context) -> Open {
        from
    }
}

fn main() {}
