//! Many threads, one log.

use std::sync::Barrier;

use vitae::store::AppendError;
use vitae::{Bus, CommitReason, Policy, Projection};
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    a_conflict_is_loaded_again_until_it_is_in
    policies_and_rows_are_shared
    reading_goes_on_beside_writing
}

const THREADS: u64 = 8;
const EACH: u64 = 12;

fn is_conflict(reason: &CommitReason) -> bool {
    matches!(
        reason,
        CommitReason::Append(AppendError::Conflict { .. } | AppendError::StaleRow { .. })
    )
}

/// Adds 1, loading again for as long as others are faster.
fn add_until_it_is_in(bus: &Bus, id: &str) {
    loop {
        let count = bus.load::<Count>(id).unwrap();
        match bus.commit(count.record(Added { by: 1 }).unwrap()) {
            Ok(_) => return,
            Err(error) => assert!(is_conflict(error.reason()), "{error:?}"),
        }
    }
}

fn all_at_once(work: impl Fn(u64) + Sync) {
    let barrier = Barrier::new(usize::try_from(THREADS).unwrap());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (barrier, work) = (&barrier, &work);
            scope.spawn(move || {
                barrier.wait();
                work(thread);
            });
        }
    });
}

fn a_conflict_is_loaded_again_until_it_is_in(log: Subject) {
    let (shared, store) = (bus(&log), log.shared());
    all_at_once(|thread| {
        // Half of them share a bus, the others have one each.
        let bus = match thread % 2 {
            0 => shared.clone(),
            _ => Bus::open(store.clone()).unwrap(),
        };
        (0..EACH).for_each(|_| add_until_it_is_in(&bus, "n"));
    });
    let anew = bus(&log).load::<Count>("n").unwrap();
    assert_eq!(anew.state().value(), THREADS * EACH);
    assert_eq!(anew.version().unwrap().get(), THREADS * EACH);
    assert_eq!(count(&shared, "n"), THREADS * EACH);
    let seen = vitae_tests::read_all(&*log);
    assert!(seen.iter().zip(1..).all(|(event, at)| event.position == at && event.version == at));
    assert_eq!(log.verify().unwrap(), THREADS * EACH);
}

fn policies_and_rows_are_shared(log: Subject) {
    let sum = Policy::new("sum").on(|event: &Added, context, then| {
        if context.stream().id().as_str() != "sum" {
            then.record::<Count>("sum", event.clone())?;
        }
        Ok(())
    });
    let rows = Projection::new("rows").on(|event: &Added, _, rows| {
        let before: u64 = rows.get("all")?.unwrap_or_default();
        rows.put("all", &(before + event.by))
    });
    let builder = Bus::builder(log.shared()).policy(sum).projection(rows);
    let bus = builder.open().unwrap();
    all_at_once(|thread| {
        (0..EACH).for_each(|_| add_until_it_is_in(&bus, &thread.to_string()));
    });
    assert_eq!(count(&self::bus(&log), "sum"), THREADS * EACH);
    let rows = bus.view::<u64>("rows").unwrap();
    assert_eq!(rows.get("all").unwrap(), Some(2 * THREADS * EACH));
    assert_eq!(bus.rebuild("rows").unwrap().changed, 0);
}

fn reading_goes_on_beside_writing(log: Subject) {
    let bus = bus(&log);
    all_at_once(|thread| {
        let mut last = 0;
        for _ in 0..EACH {
            match thread {
                0 => add(&bus, "n", 1),
                _ => {
                    let count = bus.load::<Count>("n").unwrap();
                    let version = count.version().map_or(0, |version| version.get());
                    assert_eq!(count.state().value(), version);
                    assert!(version >= last, "a life went backwards");
                    last = version;
                }
            }
        }
    });
    assert_eq!(count(&bus, "n"), EACH);
}
