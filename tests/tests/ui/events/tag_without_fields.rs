use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed", tag = customer)]
struct Placed(String);

fn main() {}
