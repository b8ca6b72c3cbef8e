//! All mistakes of a declaration are reported at once, each at its own place, and none twice.

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "closed")]
struct Closed;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "paid", version = 2, tag = cent)]
struct Paid {
    cents: u64,
}

#[derive(Clone, Default)]
struct Open;

#[derive(Lifecycle, Clone)]
#[lifecycle(nam = "order")]
enum Order {
    #[on(Placed => Opne)]
    Draft,
    #[state(intial)]
    #[on(Paid if Open::is_owed(1) => Open, Paid => Archived, Closed => Archived)]
    Open(Open),
    #[state(terminal)]
    #[on(Closed => Draft)]
    Archived,
    Lost { reason: String },
    #[after(days = 3 => Archived)]
    #[on(Closed => Archived)]
    Waiting,
}

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, _: &Placed, _: &Context) -> Open {
        Open
    }
    fn open_on_paid(from: Open, _: &Paid, _: &Context) -> Open {
        from
    }
}

fn main() {}
