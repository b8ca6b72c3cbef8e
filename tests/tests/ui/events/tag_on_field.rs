use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed {
    #[event(tag)]
    customer: String,
}

fn main() {}
