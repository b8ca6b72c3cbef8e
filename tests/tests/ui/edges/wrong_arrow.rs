//! An edge is written with `=>` and a state; its body is not a second mistake.

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed")]
struct Placed;

#[derive(Lifecycle)]
#[lifecycle(name = "order")]
enum Order {
    #[state(initial)]
    #[on(Placed -> Open)]
    Draft,
    #[on(Placed => "Draft")]
    Open(Open),
}

#[derive(Clone)]
struct Open;

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, _: &Placed, _: &Context) -> Open {
        Open
    }
    fn open_on_placed(_: Open, _: &Placed, _: &Context) -> Draft {
        Draft
    }
}

fn main() {}
