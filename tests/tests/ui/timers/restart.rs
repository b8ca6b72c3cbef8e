//! `restart` is for an edge that stays in a state with a timer.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed;

#[derive(Event, Serialize, Deserialize, Default)]
#[event(name = "expired")]
struct Expired;

const LIMIT: Duration = Duration::from_secs(3);

#[derive(Clone)]
struct Open {
    timeout: Duration,
}

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
enum Order {
    #[state(initial)]
    #[on(Placed => Open, Expired => Draft restart)]
    Draft,
    #[after(timeout => Expired)]
    #[on(Placed => Open restart, Expired => Archived restart)]
    Open(Open),
    #[state(terminal)]
    Archived,
}

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, _: &Placed, _: &Context) -> Open {
        Open { timeout: LIMIT }
    }
    fn open_on_placed(from: Open, _: &Placed, _: &Context) -> Open {
        from
    }
}

fn main() {}
