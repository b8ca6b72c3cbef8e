//! What a projection that catches up keeps from one commit to the next, and reads ahead.

use std::sync::Arc;
use std::time::{Duration, Instant};

use vitae::store::{Commit, EventStore, RowChange};
use vitae::{Bus, CommitId, Projection};
use vitae_tests::{Subject, name};

use crate::support::*;

on_every_store! {
    rows_that_were_written_are_not_read_again
    a_row_that_somebody_else_has_changed_is_read_again
    what_others_did_meanwhile_is_not_missed
    what_failed_leaves_nothing_behind
    rows_beyond_a_bound_are_not_kept
    the_next_events_are_read_while_a_commit_is_under_way
}

/// Of each event three rows, one commit for each: what was added, times a row that is only read, and how
/// often.
fn products(store: Arc<dyn EventStore>) -> Bus {
    let products = Projection::new("products").on(|event: &Added, context, rows| {
        let key = context.stream().id().as_str();
        if key == "factor" {
            return rows.put("factor", &event.by);
        }
        if event.by == 13 {
            return Err("13 is a bad number".into());
        }
        let factor: u64 = rows.get("factor")?.unwrap_or(1);
        let before: u64 = rows.get("sum")?.unwrap_or_default();
        rows.put("sum", &(before + factor * event.by))?;
        let before: u64 = rows.get("count")?.unwrap_or_default();
        rows.put("count", &(before + 1))
    });
    Bus::builder(store).projection(products.catch_up(1).batch(1)).open().unwrap()
}

fn row(log: &Subject, key: &str) -> Option<u64> {
    bus(log).view("products").unwrap().get(key).unwrap()
}

fn rows_that_were_written_are_not_read_again(log: Subject) {
    let double = Double::of(&log);
    let bus = products(double.clone());
    for _ in 0..10 {
        add(&bus, "a", 1);
    }
    bus.catch_up().unwrap();
    assert_eq!((row(&log, "sum"), row(&log, "count")), (Some(10), Some(10)));
    // Three for the first event, and one for the version after each commit.
    assert_eq!(double.rows_read_of("products"), 3 + 10);
}

fn a_row_that_somebody_else_has_changed_is_read_again(log: Subject) {
    let bus = products(log.shared());
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    let sum = log.row(&name("products"), b"sum").unwrap().unwrap();
    let mut commit = Commit::new(CommitId::generate());
    let (view, expected) = (name("products"), Some(sum.version));
    let value = Some(postcard::to_allocvec(&100_u64).unwrap());
    commit.rows.push(RowChange { view, key: b"sum".to_vec(), expected, value });
    log.commit(commit).unwrap();
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    assert_eq!((row(&log, "sum"), row(&log, "count")), (Some(101), Some(2)));
}

fn what_others_did_meanwhile_is_not_missed(log: Subject) {
    let double = Double::of(&log);
    let (one, other) = (products(double.clone()), products(log.shared()));
    add(&one, "a", 1);
    one.catch_up().unwrap();
    // It forgets where it stood, and what it knew of the rows.
    add(&one, "factor", 5);
    double.be_silent(true);
    one.catch_up().unwrap_err();
    double.be_silent(false);
    other.catch_up().unwrap();
    add(&one, "a", 1);
    one.catch_up().unwrap();
    assert_eq!((row(&log, "sum"), row(&log, "count")), (Some(6), Some(2)));
}

fn what_failed_leaves_nothing_behind(log: Subject) {
    let sums = Projection::new("products").on(|event: &Added, _, rows| {
        let before: u64 = rows.get("sum")?.unwrap_or_default();
        rows.put("sum", &(before + event.by))?;
        if event.by == 13 { Err("13 is a bad number".into()) } else { Ok(()) }
    });
    let bus = Bus::builder(log.shared()).projection(sums.catch_up(1)).open().unwrap();
    for by in [1, 2, 13] {
        add(&bus, "a", by);
    }
    for _ in 0..3 {
        bus.catch_up().unwrap_err();
        assert_eq!(row(&log, "sum"), Some(3));
    }
}

fn rows_beyond_a_bound_are_not_kept(log: Subject) {
    let double = Double::of(&log);
    let large = Projection::new("products").on(|event: &Added, _, rows| {
        let before: Option<String> = rows.get("large")?;
        assert_eq!(before.map(|row| row.len()), (event.by > 1).then_some(1_000_000));
        (0..5_u64).try_for_each(|number| rows.put(number.to_be_bytes(), &"x".repeat(1_000_000)))?;
        rows.put("large", &"x".repeat(1_000_000))
    });
    let shared: Arc<dyn EventStore> = double.clone();
    let bus = Bus::builder(shared).projection(large.catch_up(1).batch(1)).open().unwrap();
    for by in [1, 2, 3] {
        add(&bus, "a", by);
    }
    bus.catch_up().unwrap();
    // The version is asked for only where something is kept.
    assert_eq!(double.rows_read_of("products"), 3 * 6);
}

fn the_next_events_are_read_while_a_commit_is_under_way(log: Subject) {
    let double = Double::of(&log);
    let bus = products(double.clone());
    bus.catch_up().unwrap();
    for _ in 0..3 {
        add(&bus, "a", 2);
    }
    let before = double.reads();
    let release = double.hold_append();
    std::thread::scope(|scope| {
        let caught_up = scope.spawn(|| bus.catch_up());
        let begun = Instant::now();
        while double.reads() < before + 2 && begun.elapsed() < Duration::from_secs(60) {
            std::thread::yield_now();
        }
        let reads = double.reads() - before;
        release.send(()).unwrap();
        caught_up.join().unwrap().unwrap();
        assert_eq!(reads, 2, "one page for the commit, and one ahead");
    });
    assert_eq!((row(&log, "sum"), row(&log, "count")), (Some(6), Some(3)));
    // A page for each event, and two that found no more.
    assert_eq!(double.reads() - before, 3 + 2);
}
