//! One mistake is one message: what uses the lifecycle is checked against what was meant.

use serde::{Deserialize, Serialize};
use vitae::{Aggregate, Bus, Context, Event, Lifecycle};

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
    #[on(Placed => Opne)]
    Draft,
    #[on(Closed => Archvied)]
    Open(Open),
    #[state(terminal)]
    Archived,
}

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, _: &Placed, _: &Context) -> Open {
        Open
    }
}

fn place(bus: &Bus) -> Result<(), Box<dyn std::error::Error>> {
    let order = bus.load::<Order>("7")?.at::<Draft>()?;
    let open: Aggregate<Order, Open> = order.record(Placed)?;
    match open.untyped().typed() {
        OrderTyped::Draft(_) | OrderTyped::Archived(_) => {}
        OrderTyped::Open(open) => drop(bus.commit(open.record(Closed)?)?),
    }
    let order = bus.load::<Order>("7")?.record(Closed)?;
    if let Order::Open(_) = order.state() {
        bus.commit(order)?;
    }
    Ok(())
}

fn main() {}
