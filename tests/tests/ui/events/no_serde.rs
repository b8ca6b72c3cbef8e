use vitae::Event;

#[derive(Event)]
#[event(name = "placed")]
struct Placed;

fn main() {}
