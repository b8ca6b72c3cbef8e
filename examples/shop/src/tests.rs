use std::error::Error;
use std::sync::Arc;

use vitae::{Bus, ManualClock, MemoryStore, Timestamp};

use crate::order::{Closed, Order, Paid, Placed};
use crate::parcel::{HandedOver, Parcel};
use crate::shop;
use crate::views::OpenOrder;

/// In microseconds.
const DAY: i64 = 86_400_000_000;

type Outcome = Result<(), Box<dyn Error>>;

fn open() -> Result<(Bus, Arc<ManualClock>), Box<dyn Error>> {
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
    let bus = shop(Arc::new(MemoryStore::new())).clock(clock.clone()).open()?;
    Ok((bus, clock))
}

fn place(bus: &Bus, id: &str) -> Outcome {
    let placed = Placed { customer: "ada".into(), cents: 4_200 };
    bus.commit(bus.load::<Order>(id)?.record(placed)?)?;
    Ok(())
}

fn pay(bus: &Bus, id: &str) -> Outcome {
    bus.commit(bus.load::<Order>(id)?.record(Paid { cents: 4_200 })?)?;
    Ok(())
}

#[test]
fn an_order_and_its_parcel_go_together() -> Outcome {
    let (bus, _) = open()?;
    place(&bus, "1")?;
    pay(&bus, "1")?;
    assert_eq!(*bus.load::<Parcel>("1")?.state(), Parcel::Packing);

    bus.commit(bus.load::<Parcel>("1")?.record(HandedOver { van: "7".into() })?)?;
    assert!(matches!(bus.load::<Order>("1")?.state(), Order::Settled(_)));
    bus.catch_up()?;
    assert_eq!(*bus.load::<Order>("1")?.state(), Order::Done);
    Ok(())
}

#[test]
fn what_was_closed_by_hand_is_left_alone() -> Outcome {
    let (bus, _) = open()?;
    place(&bus, "1")?;
    pay(&bus, "1")?;
    bus.commit(bus.load::<Order>("1")?.record(Closed {})?)?;
    bus.commit(bus.load::<Parcel>("1")?.record(HandedOver { van: "7".into() })?)?;
    bus.catch_up()?;
    assert_eq!(*bus.load::<Order>("1")?.state(), Order::Done);
    Ok(())
}

#[test]
fn views_follow_from_the_events() -> Outcome {
    let (bus, clock) = open()?;
    place(&bus, "1")?;
    place(&bus, "2")?;
    clock.set(Timestamp::from_micros(3 * DAY));
    pay(&bus, "2")?;
    let orders = bus.view::<OpenOrder>("open-orders")?;
    assert_eq!(orders.get("1")?.map(|order| order.paid), Some(false));
    assert_eq!(orders.get("2")?.map(|order| order.paid), Some(true));

    assert_eq!(bus.view::<u64>("takings")?.get("3")?, None);
    bus.catch_up()?;
    assert_eq!(bus.view::<u64>("takings")?.get("3")?, Some(4_200));
    for view in ["open-orders", "takings"] {
        assert!(bus.drift(view)?.differing.is_empty());
    }
    Ok(())
}

#[test]
fn an_order_that_nobody_pays_lapses() -> Outcome {
    let (bus, clock) = open()?;
    place(&bus, "1")?;
    place(&bus, "2")?;
    pay(&bus, "2")?;
    let due = bus.timers().next().ok_or("no timer")??;
    assert_eq!((due.kind.as_str(), due.due), ("order.lapsed", Timestamp::from_micros(14 * DAY)));

    clock.set(Timestamp::from_micros(14 * DAY - 1));
    bus.catch_up()?;
    assert!(matches!(bus.load::<Order>("1")?.state(), Order::Unpaid(_)));
    clock.set(due.due);
    bus.catch_up()?;
    assert_eq!(*bus.load::<Order>("1")?.state(), Order::Dropped);
    assert!(matches!(bus.load::<Order>("2")?.state(), Order::Settled(_)));
    Ok(())
}
