//! A struct is a state of one lifecycle: two lifecycles have a struct each.

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

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "parcel")]
enum Parcel {
    #[state(initial)]
    #[on(Closed => Open)]
    Open(Open),
}

impl ParcelTransitions for Parcel {
    fn open_on_closed(from: Open, _: &Closed, _: &Context) -> Open {
        from
    }
}

fn main() {}
