//! An attribute stands on what it speaks of: `lifecycle` on the enum, `state` and `on` on a variant.

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
#[state(initial)]
enum Order {
    #[lifecycle(name = "draft")]
    #[state(initial)]
    #[on(Placed => Open)]
    Draft,
    #[on(Closed => Archived)]
    Open(#[on(Placed => Archived)] Open),
    #[state(terminal)]
    Archived,
}

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, _: &Placed, _: &Context) -> Open {
        Open
    }
}

fn main() {}
