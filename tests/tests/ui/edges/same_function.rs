//! Two edges cannot have one function, as happens when names differ in nothing but case.

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
    #[on(Placed => AB)]
    Draft,
    #[on(Closed => Ab)]
    AB,
    #[on(Closed => AB)]
    Ab,
}

impl OrderTransitions for Order {}

fn main() {}
