use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed<T> {
    customer: T,
}

fn main() {}
