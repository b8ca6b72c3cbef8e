//! A life begins with no event, so what its initial state holds has a default.

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

#[derive(Clone)]
struct Draft;

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
enum Order {
    #[state(initial)]
    #[on(Placed => Archived)]
    Draft(Draft),
    #[state(terminal)]
    Archived,
}

impl OrderTransitions for Order {}

fn main() {}
