//! What consumers make of finished jobs: each is packed once, however many processes pack, and whoever of
//! them dies over it.

use std::error::Error;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vitae::store::Query;
use vitae::{Bus, Consumer, ConsumerGroup, Context, Event, Lifecycle, Name, Start};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "belt.packed")]
struct Packed {
    job: String,
}

/// What was packed of one partition: no two members that may commit touch one belt.
#[derive(Lifecycle, Clone)]
#[lifecycle(name = "belt")]
enum Belt {
    #[state(initial)]
    #[on(Packed => Moving)]
    Moving(Moving),
}

#[derive(Clone, Default)]
struct Moving;

impl BeltTransitions for Belt {
    fn moving_on_packed(moving: Moving, _: &Packed, _: &Context) -> Moving {
        moving
    }
}

/// The group, with leases so short that the living take over from the dead while they live.
pub(crate) fn group(bus: &Bus) -> ConsumerGroup {
    let finished = Query::kinds([Name::new("job.finished").unwrap()]);
    let consumers = bus.consumers("packers", finished);
    let consumers = consumers.partitions(4).lease(Duration::from_millis(60)).batch_of(16);
    consumers.start(Start::Beginning).unwrap()
}

/// Packs until it is killed.
pub(crate) fn pack(bus: &Bus) {
    let mut member = group(bus).join().unwrap();
    loop {
        // Who has lost a lease goes on with what is left.
        let _ = pack_next(bus, &mut member, Duration::from_millis(10));
    }
}

/// Packs what nobody has packed.
pub(crate) fn pack_the_rest(bus: &Bus) {
    let mut member = group(bus).join().unwrap();
    while pack_next(bus, &mut member, Duration::ZERO).unwrap() {}
}

/// Whether there was anything.
fn pack_next(bus: &Bus, member: &mut Consumer, timeout: Duration) -> Result<bool, Box<dyn Error>> {
    let Some(batch) = member.next_timeout(timeout)? else {
        return Ok(false);
    };
    let mut belt = bus.load::<Belt>(batch.partition().to_string())?;
    for event in batch.iter() {
        belt = belt.caused_by(event.id(), event.correlation());
        belt = belt.record(Packed { job: event.stream().to_owned() })?;
    }
    bus.commit_alongside(belt, batch.alongside())?;
    Ok(true)
}
