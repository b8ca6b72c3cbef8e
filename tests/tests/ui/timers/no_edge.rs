//! What a timer makes happen is on an edge of its state.

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
    #[on(Placed => Open)]
    Draft,
    #[after(timeout => Placed, LIMIT => Archived, crate::LIMIT => Expird)]
    #[on(Expired => Archived)]
    Open(Open),
    #[state(terminal)]
    Archived,
}

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, _: &Placed, _: &Context) -> Open {
        Open { timeout: LIMIT }
    }
}

fn main() {}
