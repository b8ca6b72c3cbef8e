//! The smallest lifecycle: declare it, record events, commit, read it back.

use std::{error::Error, sync::Arc};

use serde::{Deserialize, Serialize};
use vitae::{Bus, Context, Event, Lifecycle, MemoryStore};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed")]
struct Placed {
    cents: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.paid")]
struct Paid {}

#[derive(Lifecycle, Debug)]
#[lifecycle(name = "order")]
enum Order {
    #[state(initial)]
    #[on(Placed => Open)]
    Draft,
    #[on(Paid => Done)]
    Open(Open),
    #[state(terminal)]
    Done,
}

#[derive(Clone, Debug)]
struct Open {
    cents: u64,
}

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, event: &Placed, _: &Context) -> Open {
        Open { cents: event.cents }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let bus = Bus::open(Arc::new(MemoryStore::new()))?;

    let draft = bus.load::<Order>("order-7")?.at::<Draft>()?;
    let open = draft.record(Placed { cents: 4_200 })?; // `Paid` would not compile here
    println!("open: {} cents", open.state().cents);
    let (open, receipt) = bus.commit(open)?;
    println!("durable as {}", receipt.commit);
    bus.commit(open.record(Paid {})?)?;

    let order = bus.load::<Order>("order-7")?; // read back from its two events
    println!("{:?} at version {:?}", order.state(), order.version());
    if let Err(error) = order.record(Paid {}) {
        println!("refused: {error}");
    }
    Ok(())
}
