//! Beside a mistake in a declaration, what is wrong in its use is reported too.

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
    #[state(initial, first)]
    #[on(Placed => Open)]
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

fn close(order: vitae::Aggregate<Order, Draft>) {
    let _ = order.record(Closed);
}

fn main() {}
