//! A state holds one struct of yours, or nothing.

use serde::{Deserialize, Serialize};
use vitae::{Event, Lifecycle};

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
    Open { cents: u64 },
    #[state(terminal)]
    Archived(Open, u64),
}

fn main() {}
