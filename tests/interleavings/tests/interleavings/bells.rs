//! What wakes a part that is at work: the log, rows that come without an event, and the end.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use crate::bell::{Bell, Bells};
use crate::number::GlobalPosition;
use crate::store::{Changes, Publisher};
use crate::{check, check_all};

fn at(position: u64) -> Option<GlobalPosition> {
    GlobalPosition::new(position)
}

/// Waits as a part does that has found nothing, but without an end: a ring that is lost is a deadlock.
fn wait(bell: &Arc<Bell>, changes: &Changes, head: Option<GlobalPosition>) {
    let mut past = changes.past(head);
    let waker = Waker::from(Arc::clone(bell));
    if Pin::new(&mut past).poll(&mut Context::from_waker(&waker)).is_pending() {
        bell.wait(Duration::MAX);
    }
}

/// Looks until there are so many events, and so many rows.
fn work(bell: &Arc<Bell>, changes: &Changes, rows: &Mutex<u64>, (events, all): (u64, u64)) {
    loop {
        // Before the look: what comes during it is found by the next one.
        let head = changes.head();
        if head >= at(events) && *rows.lock().unwrap() == all {
            return;
        }
        wait(bell, changes, head);
    }
}

/// Rows in a commit without an event.
#[test]
fn rows_without_an_event_wake_who_looks_at_them() {
    check(|| {
        let (publisher, bells) = (Publisher::new(None), Bells::default());
        let (bell, rows) = (Arc::new(Bell::default()), Arc::new(Mutex::new(0)));
        bells.add(&bell);
        let (changes, looked_at) = (publisher.changes(), Arc::clone(&rows));
        let part = thread::spawn(move || work(&bell, &changes, &looked_at, (0, 1)));
        *rows.lock().unwrap() += 1;
        bells.ring();
        part.join().unwrap();
    });
}

/// Several parts, and somebody for the events beside somebody for the rows.
#[test]
fn whatever_comes_wakes_all_of_them() {
    check(|| {
        let (publisher, bells) = (Arc::new(Publisher::new(None)), Arc::new(Bells::default()));
        let rows = Arc::new(Mutex::new(0));
        let parts = [(); 3].map(|()| {
            let (bell, changes, rows) =
                (Arc::new(Bell::default()), publisher.changes(), Arc::clone(&rows));
            bells.add(&bell);
            thread::spawn(move || work(&bell, &changes, &rows, (3, 3)))
        });
        let publishes = Arc::clone(&publisher);
        let events = thread::spawn(move || (1..=3).for_each(|it| publishes.publish(at(it))));
        for _ in 0..3 {
            *rows.lock().unwrap() += 1;
            bells.ring();
        }
        parts.into_iter().chain([events]).for_each(|thread| thread.join().unwrap());
    });
}

/// Whether it waits for something or pauses because it cannot go on; and whoever waits for its end hears
/// of it.
#[test]
fn who_is_told_to_stop_stops() {
    for pauses in [false, true] {
        check_all(move || {
            let bell = Arc::new(Bell::default());
            let at_work = Arc::clone(&bell);
            let part = thread::spawn(move || {
                while !at_work.is_stopped() {
                    if pauses { at_work.pause(Duration::MAX) } else { at_work.wait(Duration::MAX) }
                }
                at_work.end();
            });
            bell.stop();
            assert!(bell.has_ended(None));
            part.join().unwrap();
        });
    }
}
