//! Projections that follow the log, their shadows, and the comparison of rows with the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use vitae::store::{AppendError, Commit, EventStore, RowChange};
use vitae::{
    Bus, CommitId, PartError, PartKind, PartState, Projection, RebuildError, ShadowProgress,
};
use vitae_tests::{Subject, name};

use crate::support::*;

on_every_store! {
    rows_follow_the_log
    each_event_counts_once_over_buses_and_restarts
    rows_and_checkpoint_are_one_commit
    a_failing_or_panicking_handler_harms_only_itself
    rows_are_written_only_if_they_were_changed
    a_new_version_is_computed_beside_the_old_one
    an_older_program_leaves_newer_rows_alone
    an_older_program_goes_on_while_newer_rows_are_built
    a_shadow_is_paused_resumed_and_given_up
    a_shadow_that_fails_leaves_the_live_rows_alone
    a_reader_sees_whole_views_while_they_are_switched
    a_reader_that_is_overtaken_by_a_switch_looks_again
    several_processes_build_one_shadow
    nobody_adds_to_rows_that_were_given_up
    nobody_adds_to_a_shadow_that_was_given_up
    drift_lists_what_differs
    two_projections_of_one_view_are_refused_whatever_they_are
}

/// For each count what was added to it, times something.
fn totals(version: u32, times: u64) -> Projection {
    let totals = Projection::new("totals").on(move |event: &Added, context, rows| {
        let key = context.stream().id().as_str();
        let before: u64 = rows.get(key)?.unwrap_or_default();
        rows.put(key, &(before + times * event.by))
    });
    totals.catch_up(version)
}

fn open(store: Arc<dyn EventStore>, projection: Projection) -> Bus {
    Bus::builder(store).projection(projection).open().unwrap()
}

/// All rows, as whoever knows no projection reads them.
fn rows(log: &Subject) -> Vec<(String, u64)> {
    let view = bus(log).view::<u64>("totals").unwrap();
    let rows = view.scan("").map(|row| row.unwrap());
    let rows: Vec<_> = rows.map(|(key, row)| (String::from_utf8(key).unwrap(), row)).collect();
    for (key, row) in &rows {
        assert_eq!(view.get(key).unwrap(), Some(*row));
    }
    rows
}

fn pairs(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
    pairs.iter().map(|(key, row)| ((*key).to_owned(), *row)).collect()
}

fn progress(bus: &Bus) -> Option<ShadowProgress> {
    bus.shadow("totals").unwrap().progress().unwrap()
}

fn rows_follow_the_log(log: Subject) {
    let bus = open(log.shared(), totals(1, 1));
    add(&bus, "a", 1);
    add(&self::bus(&log), "b", 2);
    assert!(rows(&log).is_empty());
    bus.catch_up().unwrap();
    assert_eq!(rows(&log), pairs(&[("a", 1), ("b", 2)]));
    add(&bus, "a", 4);
    let lag = || bus.status().unwrap()[0].lag;
    assert_eq!(lag(), 1);
    bus.catch_up().unwrap();
    assert_eq!((rows(&log), lag()), (pairs(&[("a", 5), ("b", 2)]), 0));
}

fn each_event_counts_once_over_buses_and_restarts(log: Subject) {
    let buses = [(); 3].map(|()| open(log.shared(), totals(1, 1)));
    for _ in 0..3 {
        tally_up(&buses[0], 1_500);
        std::thread::scope(|scope| {
            for bus in &buses {
                scope.spawn(|| bus.catch_up().unwrap());
            }
        });
    }
    open(log.shared(), totals(1, 1)).catch_up().unwrap();
    assert_eq!(rows(&log), pairs(&[("n", 4_500)]));
}

/// Adds one so many times, in one commit.
fn tally_up(bus: &Bus, times: u64) {
    let count = bus.load::<Count>("n").unwrap();
    let add = |count: vitae::Aggregate<Count>, _| count.record(Added { by: 1 }).unwrap();
    bus.commit((0..times).fold(count, add)).unwrap();
}

fn rows_and_checkpoint_are_one_commit(log: Subject) {
    add(&bus(&log), "a", 1);
    open(log.shared(), totals(1, 1)).catch_up().unwrap();
    add(&bus(&log), "a", 1);
    for written in [false, true] {
        let double = Double::of(&log);
        double.lose_answer(written);
        let failed = open(double, totals(1, 1)).catch_up().unwrap_err();
        assert_eq!((failed.kind, failed.name.as_str()), (PartKind::Projection, "totals"));
        let PartError::Append { source, .. } = &*failed.source else { panic!("{failed:?}") };
        assert!(matches!(source, AppendError::OutcomeUnknown { .. }));
        assert_eq!(rows(&log), pairs(&[("a", 1 + u64::from(written))]));
    }
    open(log.shared(), totals(1, 1)).catch_up().unwrap();
    assert_eq!(rows(&log), pairs(&[("a", 2)]));
}

fn a_failing_or_panicking_handler_harms_only_itself(log: Subject) {
    for by in [1, 13, 14] {
        add(&bus(&log), "a", by);
    }
    for (bad, says) in [(13, "nobody adds 13"), (14, "it panicked: nor 14")] {
        let view = format!("picky about {bad}");
        let picky = Projection::new(&view).on(move |event: &Added, _, rows| match event.by {
            13 if bad == 13 => Err("nobody adds 13".into()),
            14 if bad == 14 => panic!("nor 14"),
            by => rows.put("last", &by),
        });
        let builder = Bus::builder(log.shared()).projection(picky.catch_up(1));
        let bus = builder.projection(totals(1, 1)).open().unwrap();
        for failures in 1..=2 {
            let failed = bus.catch_up().unwrap_err();
            let PartError::Handler { position, source, .. } = &*failed.source else {
                panic!("{failed:?}");
            };
            assert_eq!((position.get(), source.to_string().as_str()), (bad - 11, says));
            let status = bus.status().unwrap();
            assert_eq!(status[0].state, PartState::Failing { failures });
            assert_eq!((status[0].lag, status[1].lag), (15 - bad, 0));
        }
        let last = bus.view::<u64>(&view).unwrap().get("last").unwrap();
        assert_eq!(last, Some(if bad == 13 { 1 } else { 13 }));
    }
    assert_eq!(rows(&log), pairs(&[("a", 28)]));
}

fn rows_are_written_only_if_they_were_changed(log: Subject) {
    let reads = Projection::new("totals").on(|event: &Added, _, rows| {
        let _: Option<u64> = rows.get("other")?;
        rows.delete("never")?;
        if event.by == 1 { rows.put("one", &1_u64) } else { Ok(()) }
    });
    let bus = open(log.shared(), reads.catch_up(1));
    let version = |key: &str| {
        let row = log.row(&name("totals"), key.as_bytes()).unwrap();
        row.map(|row| row.version)
    };
    for by in [1, 2] {
        add(&bus, "a", by);
        bus.catch_up().unwrap();
    }
    let one = version("one");
    add(&bus, "a", 3);
    bus.catch_up().unwrap();
    assert!(one.is_some() && version("one") == one);
    assert_eq!((version("other"), version("never")), (None, None));
}

fn a_new_version_is_computed_beside_the_old_one(log: Subject) {
    let old = open(log.shared(), totals(1, 1));
    for by in [1, 2] {
        add(&old, "a", by);
    }
    old.catch_up().unwrap();
    let new = open(log.shared(), totals(2, 10));
    assert!(progress(&new).is_none());
    let shadow = new.shadow("totals").unwrap();
    // Noticed at its first step; the live rows are read as before until the shadow is ready.
    assert_eq!(rows(&log), pairs(&[("a", 3)]));
    new.catch_up().unwrap();
    assert!(shadow.progress().unwrap().is_none());
    assert_eq!(rows(&log), pairs(&[("a", 30)]));
    add(&new, "b", 1);
    new.catch_up().unwrap();
    assert_eq!(rows(&log), pairs(&[("a", 30), ("b", 10)]));
    // The former rows are gone.
    assert!(log.rows(&name("totals"), &[], None, 10).unwrap().is_empty());
    // And again, from rows that are not the first.
    open(log.shared(), totals(3, 100)).catch_up().unwrap();
    assert_eq!(rows(&log), pairs(&[("a", 300), ("b", 100)]));
}

fn an_older_program_leaves_newer_rows_alone(log: Subject) {
    let old = open(log.shared(), totals(1, 1));
    add(&old, "a", 1);
    old.catch_up().unwrap();
    open(log.shared(), totals(2, 10)).catch_up().unwrap();
    add(&old, "a", 1);
    let failed = old.catch_up().unwrap_err();
    assert!(
        matches!(&*failed.source, PartError::Superseded { version: 1, newer: 2, .. }),
        "{failed:?}"
    );
    assert_eq!(rows(&log), pairs(&[("a", 10)]));
}

fn an_older_program_goes_on_while_newer_rows_are_built(log: Subject) {
    let old = open(log.shared(), totals(1, 1));
    tally_up(&old, 3_000);
    old.catch_up().unwrap();
    let new = open(log.shared(), totals(2, 10));
    // It notices at its first step that there is something to build, and is held up at the second.
    let double = Double::of(&log);
    let held_up = open(double.clone(), totals(2, 10));
    double.lose_answer(true);
    held_up.catch_up().unwrap_err();
    assert_eq!(progress(&new).map(|shadow| shadow.version), Some(2));
    tally_up(&old, 1);
    old.catch_up().unwrap();
    assert_eq!(rows(&log), pairs(&[("n", 3_001)]));
    assert_eq!(progress(&new).and_then(|shadow| shadow.position), None, "it is not the old one's");
    new.catch_up().unwrap();
    assert_eq!(rows(&log), pairs(&[("n", 30_010)]));
}

fn a_shadow_is_paused_resumed_and_given_up(log: Subject) {
    let bus = open(log.shared(), totals(1, 1));
    tally_up(&bus, 3_000);
    bus.catch_up().unwrap();
    let shadow = bus.shadow("totals").unwrap();
    shadow.pause().unwrap();
    shadow.cancel().unwrap();
    assert!(progress(&bus).is_none());

    shadow.begin().unwrap();
    shadow.pause().unwrap();
    let paused = progress(&bus).unwrap();
    assert!(paused.paused && paused.position.is_none());
    bus.catch_up().unwrap();
    assert_eq!(progress(&bus), Some(paused));
    shadow.finish().unwrap();
    assert_eq!(progress(&bus), Some(paused));
    shadow.cancel().unwrap();
    assert!(progress(&bus).is_none());

    shadow.begin().unwrap();
    tally_up(&bus, 2);
    shadow.finish().unwrap();
    assert!(progress(&bus).is_none());
    assert_eq!(rows(&log), pairs(&[("n", 3_002)]));
    bus.catch_up().unwrap();
    assert!(log.rows(&name("totals"), &[], None, 10).unwrap().is_empty());
    assert!(matches!(bus.shadow("other"), Err(RebuildError::NoSuchProjection { .. })));
}

/// Counts how often it is asked, and fails from a number of times on.
fn failing_from(asked: Arc<AtomicU64>, at: u64) -> Projection {
    let totals = Projection::new("totals").on(move |event: &Added, context, rows| {
        if asked.fetch_add(1, Ordering::SeqCst) >= at {
            return Err("not now".into());
        }
        let key = context.stream().id().as_str();
        let before: u64 = rows.get(key)?.unwrap_or_default();
        rows.put(key, &(before + event.by))
    });
    totals.catch_up(1)
}

fn a_shadow_that_fails_leaves_the_live_rows_alone(log: Subject) {
    let asked = Arc::new(AtomicU64::new(0));
    let bus = open(log.shared(), failing_from(Arc::clone(&asked), 2_000 + 1_024 + 10));
    tally_up(&bus, 2_000);
    bus.catch_up().unwrap();
    bus.shadow("totals").unwrap().begin().unwrap();
    let failed = bus.catch_up().unwrap_err();
    assert!(matches!(&*failed.source, PartError::Handler { .. }), "{failed:?}");
    assert_eq!(rows(&log), pairs(&[("n", 2_000)]));
    let before = progress(&bus).unwrap();
    // After a restart it goes on where it stood, and not from the beginning.
    let asked = Arc::new(AtomicU64::new(0));
    let bus = open(log.shared(), failing_from(Arc::clone(&asked), u64::MAX));
    bus.catch_up().unwrap();
    assert!(progress(&bus).is_none());
    assert_eq!(asked.load(Ordering::SeqCst), 2_000 - before.position.unwrap().get());
    assert_eq!(rows(&log), pairs(&[("n", 2_000)]));
}

fn a_reader_sees_whole_views_while_they_are_switched(log: Subject) {
    const KEYS: usize = 300;
    let bus = open(log.shared(), totals(1, 1));
    for key in 0..KEYS {
        add(&bus, &format!("{key:03}"), 1);
    }
    bus.catch_up().unwrap();
    let (shadow, store) = (bus.shadow("totals").unwrap(), log.shared());
    std::thread::scope(|scope| {
        let switching = scope.spawn(|| {
            for _ in 0..20 {
                shadow.begin().unwrap();
                bus.catch_up().unwrap();
            }
        });
        let view = Bus::open(store).unwrap().view::<u64>("totals").unwrap();
        while !switching.is_finished() {
            let rows: Vec<u64> = view.scan("").map(|row| row.unwrap().1).collect();
            assert!(rows.len() == KEYS && rows.iter().all(|row| *row == 1));
            assert_eq!(view.get("150").unwrap(), Some(1));
        }
    });
}

fn a_reader_that_is_overtaken_by_a_switch_looks_again(log: Subject) {
    let double = Double::of(&log);
    add(&open(log.shared(), totals(1, 1)), "a", 1);
    for _ in 0..2 {
        let switching = open(log.shared(), totals(1, 1));
        switching.catch_up().unwrap();
        // Between the look at which rows are live and the look at the row, these are removed.
        double.after_row(move || {
            switching.shadow("totals").unwrap().begin().unwrap();
            switching.catch_up().unwrap();
        });
        let view = Bus::open(double.clone()).unwrap().view::<u64>("totals").unwrap();
        assert_eq!(view.get("a").unwrap(), Some(1));
    }
}

fn several_processes_build_one_shadow(log: Subject) {
    let buses = [(); 3].map(|()| open(log.shared(), totals(1, 1)));
    for _ in 0..4 {
        tally_up(&buses[0], 3_000);
    }
    buses[0].catch_up().unwrap();
    buses[1].shadow("totals").unwrap().begin().unwrap();
    std::thread::scope(|scope| {
        for bus in &buses {
            scope.spawn(|| {
                tally_up_unless_others_do(bus);
                bus.catch_up().unwrap();
            });
        }
    });
    buses[2].catch_up().unwrap();
    let there = count(&buses[0], "n");
    assert_eq!(rows(&log), pairs(&[("n", there)]));
    assert!(progress(&buses[0]).is_none());
}

fn tally_up_unless_others_do(bus: &Bus) {
    let count = bus.load::<Count>("n").unwrap();
    let _ = bus.commit(count.record(Added { by: 1 }).unwrap());
}

fn nobody_adds_to_rows_that_were_given_up(log: Subject) {
    // A bus that has looked which rows are live, and is about to write them, when these are replaced.
    let double = Double::of(&log);
    let slow = open(double.clone(), totals(1, 1));
    add(&slow, "a", 1);
    slow.catch_up().unwrap();
    add(&slow, "a", 1);
    let other = open(log.shared(), totals(1, 1));
    double.sneak(move || {
        other.shadow("totals").unwrap().begin().unwrap();
        other.catch_up().unwrap();
    });
    slow.catch_up().unwrap();
    assert_eq!(rows(&log), pairs(&[("a", 2)]));
    assert!(log.rows(&name("totals"), &[], None, 10).unwrap().is_empty());
}

fn nobody_adds_to_a_shadow_that_was_given_up(log: Subject) {
    let double = Double::of(&log);
    let slow = open(double.clone(), totals(1, 1));
    tally_up(&slow, 2_000);
    slow.catch_up().unwrap();
    slow.shadow("totals").unwrap().begin().unwrap();
    let other = open(log.shared(), totals(1, 1));
    double.sneak(move || {
        other.shadow("totals").unwrap().cancel().unwrap();
        other.catch_up().unwrap();
    });
    slow.catch_up().unwrap();
    assert!(log.rows(&name("vitae.views/1/totals"), &[], None, 10).unwrap().is_empty());
    assert_eq!(rows(&log), pairs(&[("n", 2_000)]));
}

fn drift_lists_what_differs(log: Subject) {
    let inline = Projection::new("lines")
        .on(|event: &Wrote, context, rows| rows.put(context.stream().id().as_str(), &event.text));
    let builder = Bus::builder(log.shared()).projection(totals(1, 1)).projection(inline);
    let bus = builder.open().unwrap();
    for key in ["a", "b", "c"] {
        add(&bus, key, 1);
        write(&bus, key, "x");
    }
    bus.catch_up().unwrap();
    // What has not been projected yet is no drift.
    add(&bus, "a", 5);
    for view in ["totals", "lines"] {
        let drift = bus.drift(view).unwrap();
        assert_eq!((drift.rows, drift.differing), (3, Vec::new()));
        let change = |key: &str, value: Option<&str>| {
            let row = log.row(&name(view), key.as_bytes()).unwrap();
            RowChange {
                view: name(view),
                key: key.as_bytes().to_vec(),
                expected: row.map(|row| row.version),
                value: value.map(|value| value.as_bytes().to_vec()),
            }
        };
        let mut commit = Commit::new(CommitId::generate());
        commit.rows = vec![change("a", None), change("b", Some("!")), change("d", Some("?"))];
        log.append(commit).wait().unwrap();

        let drift = bus.drift(view).unwrap();
        assert_eq!(drift.rows, 3);
        let found = drift.differing.iter().map(|row| {
            let text = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| bytes.len());
            (row.key.as_slice(), text(&row.stored), text(&row.computed))
        });
        let right = if view == "totals" { 1 } else { 2 };
        let expected: [(&[u8], _, _); 3] =
            [(b"a", None, Some(right)), (b"b", Some(1), Some(right)), (b"d", Some(1), None)];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
    assert_eq!(bus.rebuild("lines").unwrap().changed, 3);
    let shadow = bus.shadow("totals").unwrap();
    shadow.begin().unwrap();
    bus.catch_up().unwrap();
    for view in ["totals", "lines"] {
        assert!(bus.drift(view).unwrap().differing.is_empty());
    }
    assert!(matches!(bus.drift("other"), Err(RebuildError::NoSuchProjection { .. })));
    let error = open(log.shared(), totals(2, 1)).drift("totals").unwrap_err();
    assert!(matches!(error, RebuildError::OtherVersion { stored: 1, version: 2, .. }), "{error:?}");
}

fn two_projections_of_one_view_are_refused_whatever_they_are(log: Subject) {
    let inline = || Projection::new("totals");
    for (one, other) in [(inline(), totals(1, 1)), (totals(1, 1), totals(2, 1))] {
        let error = Bus::builder(log.shared()).projection(one).projection(other).open();
        let error = error.unwrap_err().to_string();
        assert!(error.contains("two projections are named `totals`"), "{error}");
    }
}
