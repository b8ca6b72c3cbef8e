use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "ticked")]
struct Ticked {
    ticks: Vec<()>,
}

fn main() {}
