//! Rows that are compared, or computed anew, while others write.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use vitae::store::EventStore;
use vitae::{Bus, Projection};
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    what_others_wrote_meanwhile_is_all_that_is_read_again_to_compare
    what_others_wrote_meanwhile_is_all_that_is_read_again_to_rebuild
}

/// How many events there are before anything is compared.
const BEFORE: u64 = 5;

/// How often others write meanwhile: less often than it is tried.
const MEANWHILE: u64 = 12;

type How = fn(Projection) -> Projection;

/// What was added to all counts.
fn total(asked: impl Fn() + Send + Sync + 'static) -> Projection {
    Projection::new("total").on(move |event: &Added, _, rows| {
        asked();
        let before: u64 = rows.get("all")?.unwrap_or_default();
        rows.put("all", &(before + event.by))
    })
}

fn open(store: Arc<dyn EventStore>, projection: Projection) -> Bus {
    Bus::builder(store).projection(projection).open().unwrap()
}

/// Counts how often it is asked. From the last of so many events on, it lets somebody else write before it
/// answers, a few times.
fn interrupted(asked: &Arc<AtomicU64>, events: u64, other: Bus) -> Projection {
    let asked = Arc::clone(asked);
    total(move || {
        let before = asked.fetch_add(1, Ordering::SeqCst);
        if (events..events + MEANWHILE).contains(&(before + 1)) {
            add(&other, "a", 1);
            other.catch_up().unwrap();
        }
    })
}

fn what_others_wrote_meanwhile_is_all_that_is_read_again_to_compare(log: Subject) {
    let (inline, following): (How, How) = (|total| total, |total| total.catch_up(1));
    let before = bus(&log);
    (0..BEFORE).for_each(|_| add(&before, "a", 1));
    open(log.shared(), total(|| ())).rebuild("total").unwrap();
    // In this order: what was followed once is never inline again.
    for how in [inline, following] {
        let other = open(log.shared(), how(total(|| ())));
        other.catch_up().unwrap();
        let asked = Arc::new(AtomicU64::new(0));
        let events = log.head().unwrap().unwrap().get();
        let bus = open(log.shared(), how(interrupted(&asked, events, other)));
        let drift = bus.drift("total").unwrap();
        assert_eq!((drift.rows, drift.differing), (1, Vec::new()));
        assert_eq!(asked.load(Ordering::SeqCst), events + MEANWHILE);
    }
}

fn what_others_wrote_meanwhile_is_all_that_is_read_again_to_rebuild(log: Subject) {
    let without = bus(&log);
    (0..BEFORE).for_each(|_| add(&without, "a", 1));
    let asked = Arc::new(AtomicU64::new(0));
    let bus = open(log.shared(), interrupted(&asked, BEFORE, without));
    let rebuilt = bus.rebuild("total").unwrap();
    assert_eq!((rebuilt.rows, rebuilt.changed), (1, 1));
    assert_eq!(asked.load(Ordering::SeqCst), BEFORE + MEANWHILE);
    assert_eq!(bus.view("total").unwrap().get("all").unwrap(), Some(BEFORE + MEANWHILE));
}
