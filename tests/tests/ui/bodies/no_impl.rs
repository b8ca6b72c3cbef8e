//! A lifecycle implements its trait of bodies, even if every body has a default.

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
    Open(Open),
    #[state(terminal)]
    Archived,
}

fn main() {}
