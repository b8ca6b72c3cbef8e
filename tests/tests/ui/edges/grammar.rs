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
    #[on(Closed)]
    #[on(Placed => Order::Archived)]
    #[on(Placed => Open if late)]
    #[on(Placed if late as Late => Open)]
    #[on(Placed -> Open)]
    #[on(=> Open)]
    #[on(Self::Placed => Open)]
    #[on(Placed Closed => Open)]
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
