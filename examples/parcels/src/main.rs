//! A parcel, from the scales to the door. `docs/declaring-a-lifecycle.md` explains it line by line.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vitae::{Bus, Context, Event, Lifecycle, Refusal};
use vitae_sqlite::SqliteStore;

#[cfg(test)]
mod later;
#[cfg(test)]
mod tests;

#[derive(Event, Serialize, Deserialize, Debug)]
#[event(name = "parcel.weighed")]
struct Weighed {
    grams: u32,
}

#[derive(Event, Serialize, Deserialize, Debug)]
#[event(name = "parcel.sent", tag = customer)]
struct Sent {
    customer: String,
    to: String,
}

#[derive(Event, Serialize, Deserialize, Debug)]
#[event(name = "parcel.returned")]
struct Returned {
    reason: Option<String>,
}

#[derive(Event, Serialize, Deserialize, Debug)]
#[event(name = "parcel.arrived")]
struct Arrived {}

/// A parcel on its way.
#[derive(Lifecycle, Debug, PartialEq)]
#[lifecycle(name = "parcel")]
enum Parcel {
    /// Nothing is in it yet.
    #[state(initial)]
    #[on(Weighed => Packed)]
    Empty,

    #[on(Weighed => Packed, Sent if Packed::fits_the_van => Travelling)]
    Packed(Packed),

    #[on(Arrived => Delivered, Returned => Packed)]
    Travelling(Travelling),

    #[state(terminal)]
    Delivered,
}

#[derive(Clone, Debug, PartialEq)]
struct Packed {
    grams: u32,
}

#[derive(Clone, Debug, PartialEq)]
struct Travelling {
    to: String,
    packed: Packed,
}

impl ParcelTransitions for Parcel {
    fn empty_on_weighed(_: Empty, event: &Weighed, _: &Context) -> Packed {
        Packed { grams: event.grams }
    }

    fn packed_on_weighed(_: Packed, event: &Weighed, _: &Context) -> Packed {
        Packed { grams: event.grams }
    }

    fn packed_on_sent(from: Packed, event: &Sent, _: &Context) -> Travelling {
        Travelling { to: event.to.clone(), packed: from }
    }

    fn travelling_on_returned(from: Travelling, _: &Returned, _: &Context) -> Packed {
        from.packed
    }
}

impl Packed {
    /// The van takes 30 kg.
    fn fits_the_van(&self, _: &Sent, _: &Context) -> Result<(), Refusal> {
        if self.grams > 30_000 {
            return Err(Refusal::new(format!("{} g are too much for the van", self.grams)));
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).map_or_else(|| "parcels.db".into(), PathBuf::from);
    let bus = Bus::builder(Arc::new(SqliteStore::open(file)?)).register::<Parcel>().open()?;
    send(&bus)?;
    bring(&bus)?;
    Ok(())
}

/// Where the state is known, the compiler knows what may happen.
fn send(bus: &Bus) -> Result<(), Box<dyn Error>> {
    let Ok(empty) = bus.load::<Parcel>("p-1")?.at::<Empty>() else {
        println!("p-1 was sent in an earlier run");
        return Ok(());
    };
    let packed = empty.record(Weighed { grams: 1_200 })?;
    let sent = packed.record(Sent { customer: "ada".into(), to: "London".into() })?;
    println!("to {}, {} events to commit", sent.state().to, sent.recorded());
    let (_, receipt) = bus.commit(sent)?;
    println!("durable as commit {}", receipt.commit);
    Ok(())
}

/// Where it is not, ask: the answer is an error that lists what can happen.
fn bring(bus: &Bus) -> Result<(), Box<dyn Error>> {
    let parcel = bus.load::<Parcel>("p-1")?;
    println!("read back: {:?} at version {:?}", parcel.state(), parcel.version());
    match parcel.record(Arrived {}) {
        Ok(delivered) => {
            bus.commit(delivered)?;
            println!("delivered");
        }
        Err(refused) => println!("refused: {refused}"),
    }
    Ok(())
}
