//! An edge is written in one order: event, alias, guard, state.

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
    #[on(Placed => Open if is_late)]
    #[on(Closed if is_late as Gone => Archived)]
    Draft,
    #[on(Closed -> Archived)]
    Open(Open),
    #[on(=> Open)]
    Lost,
    #[on(Placed Closed => Open)]
    Found,
    #[state(terminal)]
    Archived,
}

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, _: &Placed, _: &Context) -> Open {
        Open
    }
    fn found_on_placed(_: Found, _: &Placed, _: &Context) -> Open {
        Open
    }
}

fn main() {}
