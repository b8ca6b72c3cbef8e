use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed")]
pub struct Placed;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.paid")]
pub struct Paid {
    pub cents: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.closed")]
pub struct Closed;

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
pub enum Order {
    #[state(initial)]
    #[on(Placed => Open)]
    Draft,
    #[on(Paid => Open, Closed => Archived)]
    Open(Open),
    #[state(terminal)]
    Archived,
}

#[derive(Clone, Default)]
pub struct Open {
    pub cents: u64,
}

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, _: &Placed, _: &Context) -> Open {
        Open::default()
    }
    fn open_on_paid(from: Open, event: &Paid, _: &Context) -> Open {
        Open { cents: from.cents + event.cents }
    }
}
