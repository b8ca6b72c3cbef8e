//! A guard's path leads to a function that is there.

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "closed")]
struct Closed;

#[derive(Clone, Default)]
struct Open;

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
enum Order {
    #[state(initial)]
    #[on(Placed if is_complete => Open)]
    Draft,
    #[on(Closed => Archived)]
    Open(Open),
    #[state(terminal)]
    Archived,
}

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, _: &Placed, _: &Context) -> Open {
        Open
    }
}

fn main() {}
