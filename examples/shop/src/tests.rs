//! The shop, with a clock in the hand and a post office that can be on strike.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use vitae::{Bus, ManualClock, MemoryStore, Timestamp};
use vitae_sqlite::SqliteStore;

use crate::mail::Mailer;
use crate::order::{Closed, Order, Paid, Placed};
use crate::parcel::{HandedOver, Parcel};
use crate::shop;
use crate::till::take_payment;
use crate::views::{self, OpenOrder};

/// In microseconds.
const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

type Outcome = Result<(), Box<dyn Error>>;

fn open() -> Result<(Bus, Arc<ManualClock>), Box<dyn Error>> {
    open_with(Post::default())
}

fn open_with(post: Post) -> Result<(Bus, Arc<ManualClock>), Box<dyn Error>> {
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
    let bus = shop(Arc::new(MemoryStore::new()), post).clock(clock.clone()).open()?;
    Ok((bus, clock))
}

/// A post office that can be on strike.
#[derive(Clone, Default)]
struct Post {
    on_strike: Arc<AtomicBool>,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Mailer for Post {
    fn send(&self, key: &str, text: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        if self.on_strike.load(Ordering::Relaxed) {
            return Err("the post office is on strike".into());
        }
        if let Ok(mut sent) = self.sent.lock() {
            sent.push(format!("{key}: {text}"));
        }
        Ok(())
    }
}

impl Post {
    fn sent(&self) -> usize {
        self.sent.lock().map_or(0, |sent| sent.len())
    }
}

#[test]
fn what_was_sold_can_be_asked_in_sql() -> Outcome {
    let folder = tempfile::tempdir()?;
    let store = Arc::new(SqliteStore::open(folder.path().join("shop.db"))?);
    let sales = views::sales().open(&store)?;
    let bus = shop(store.clone(), Post::default()).projection_in_tables(sales).open()?;
    place(&bus, "1")?;
    place(&bus, "2")?;
    take_payment(&bus, "1", 4_200, "request-1")?;
    bus.catch_up()?;
    let sums = "SELECT count(*), sum(paid) FROM sales_orders WHERE customer = 'ada'";
    let sums = store.sql_reader()?.query_row(sums, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
    assert_eq!(sums, (2, 4_200));
    Ok(())
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

#[test]
fn a_strike_delays_a_mail_and_nothing_else() -> Outcome {
    let post = Post::default();
    let (bus, clock) = open_with(post.clone())?;
    post.on_strike.store(true, Ordering::Relaxed);
    place(&bus, "1")?;
    pay(&bus, "1")?;
    bus.catch_up()?;
    assert_eq!(bus.view::<u64>("takings")?.get("0")?, Some(4_200));

    // After five tries somebody has to look.
    for hour in 1..5 {
        clock.set(Timestamp::from_micros(hour * HOUR));
        bus.catch_up()?;
    }
    let parked = bus.parked("receipts")?;
    let mail = parked.list().next().ok_or("nothing is parked")??;
    assert_eq!((mail.attempts, mail.error.as_str()), (5, "the post office is on strike"));

    post.on_strike.store(false, Ordering::Relaxed);
    parked.retry(&mail.stream)?;
    bus.catch_up()?;
    assert_eq!(post.sent(), 1);
    assert!(parked.list().next().is_none());
    Ok(())
}

#[test]
fn a_payment_that_comes_twice_is_taken_once() -> Outcome {
    let (bus, _) = open()?;
    place(&bus, "1")?;
    for _ in 0..2 {
        assert_eq!(take_payment(&bus, "1", 4_200, "request-17")?, "1 is paid");
    }
    assert!(take_payment(&bus, "1", 4_200, "another").is_err());
    Ok(())
}
