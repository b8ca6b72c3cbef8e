//! An unknown key is refused, with the known one that may have been meant.

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
#[lifecycle(nam = "order", name = "order", category = "x")]
enum Order {
    #[state(initial, intial)]
    #[on(Placed => Open)]
    Draft,
    #[on(Closed => Archived)]
    Open(Open),
    #[state(terminal, final)]
    Archived,
}

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, _: &Placed, _: &Context) -> Open {
        Open
    }
}

fn main() {}
