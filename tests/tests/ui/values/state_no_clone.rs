//! What a state holds is `Clone`: a commit works on copies, so that a failed one leaves yours as it was.

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed")]
struct Placed;

#[derive(Lifecycle)]
#[lifecycle(name = "order")]
enum Order {
    #[state(initial)]
    #[on(Placed => Open)]
    Draft,
    #[on(Placed => Open)]
    Open(Open),
}

struct Open;

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, _: &Placed, _: &Context) -> Open {
        Open
    }
    fn open_on_placed(from: Open, _: &Placed, _: &Context) -> Open {
        from
    }
}

fn main() {}
