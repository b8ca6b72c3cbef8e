//! An event is encoded by serde, so it is `Serialize` and `Deserialize`.

use vitae::Event;

#[derive(Event)]
#[event(name = "placed")]
struct Placed;

fn main() {}
