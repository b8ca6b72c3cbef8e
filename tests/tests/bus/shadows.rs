//! What a shadow takes the place of: rows that an inline projection has left, and rows that cannot go on;
//! and that it goes on where it stood.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use vitae::store::{Commit, EventStore, RowChange};
use vitae::{Bus, CommitId, PartError, PartState, Projection, RebuildError};
use vitae_tests::{Subject, name};

use crate::support::*;

on_every_store! {
    rows_that_were_inline_are_read_until_they_are_computed_anew
    rows_that_were_inline_stay_the_live_ones_while_the_shadow_pauses
    an_inline_projection_of_a_view_that_was_followed_is_refused
    a_shadow_takes_the_place_of_rows_that_cannot_go_on
    rows_that_cannot_go_on_are_told_of_while_the_shadow_goes_on
    a_shadow_that_pauses_midway_goes_on_where_it_stood
}

/// For each count what was added to it.
fn totals() -> Projection {
    Projection::new("totals").on(|event: &Added, context, rows| {
        let key = context.stream().id().as_str();
        let before: u64 = rows.get(key)?.unwrap_or_default();
        rows.put(key, &(before + event.by))
    })
}

fn open(store: Arc<dyn EventStore>, projection: Projection) -> Bus {
    Bus::builder(store).projection(projection).open().unwrap()
}

/// All rows, as whoever knows no projection reads them.
fn rows(log: &Subject) -> Vec<(String, u64)> {
    let view = bus(log).view::<u64>("totals").unwrap();
    let rows = view.scan("").map(|row| row.unwrap());
    rows.map(|(key, row)| (String::from_utf8(key).unwrap(), row)).collect()
}

fn pairs(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
    pairs.iter().map(|(key, row)| ((*key).to_owned(), *row)).collect()
}

fn rows_that_were_inline_are_read_until_they_are_computed_anew(log: Subject) {
    let inline = open(log.shared(), totals());
    for (key, by) in [("a", 1), ("b", 2), ("a", 4)] {
        add(&inline, key, by);
    }
    let before = pairs(&[("a", 5), ("b", 2)]);
    // What is only behind now, and what the inline projection never had.
    add(&bus(&log), "b", 8);
    let double = Double::of(&log);
    let follows = open(double.clone(), totals().catch_up(1));
    let compared = |bus: &Bus| match bus.drift("totals") {
        Err(RebuildError::OtherVersion { stored: 0, version: 1, .. }) => {}
        other => panic!("{other:?}"),
    };
    compared(&follows);
    // The shadow is noticed to be due, and then held up.
    double.sneak(|| ());
    double.lose_answer(false);
    follows.catch_up().unwrap_err();
    assert_eq!(rows(&log), before);
    compared(&follows);
    follows.catch_up().unwrap();
    assert_eq!(rows(&log), pairs(&[("a", 5), ("b", 10)]));
    assert!(follows.drift("totals").unwrap().differing.is_empty());
    assert!(log.rows(&name("totals"), &[], None, 10).unwrap().is_empty());
    add(&follows, "a", 1);
    follows.catch_up().unwrap();
    assert_eq!(rows(&log), pairs(&[("a", 6), ("b", 10)]));
}

fn rows_that_were_inline_stay_the_live_ones_while_the_shadow_pauses(log: Subject) {
    // The lowest version is that of nobody, so it counts as the first.
    for (version, right) in [(0, 1), (1, 2)] {
        let view = format!("totals {version}");
        let inline = || Projection::new(&view).on(|_: &Added, _, rows| rows.put("right", &1_u64));
        add(&open(log.shared(), inline()), "a", 1);
        let double = Double::of(&log);
        let count = move |_: &Added, _: &vitae::Context, rows: &mut vitae::Rows<'_>| {
            let before: u64 = rows.get("right")?.unwrap_or_default();
            rows.put("right", &(before + 1))
        };
        let follows = Projection::new(&view).on(count).catch_up(version);
        let follows = open(double.clone(), follows);
        let right_now = || bus(&log).view::<u64>(&view).unwrap().get("right").unwrap();
        let shadow = follows.shadow(&view).unwrap();
        double.sneak(|| ());
        double.lose_answer(false);
        follows.catch_up().unwrap_err();
        shadow.pause().unwrap();
        follows.catch_up().unwrap();
        assert_eq!(right_now(), Some(1));
        // Given up, it is due again.
        shadow.cancel().unwrap();
        follows.catch_up().unwrap();
        assert_eq!((right_now(), shadow.progress().unwrap()), (Some(right), None));
    }
}

fn an_inline_projection_of_a_view_that_was_followed_is_refused(log: Subject) {
    add(&bus(&log), "a", 1);
    let follows = open(log.shared(), totals().catch_up(1));
    assert!(Bus::builder(log.shared()).projection(totals()).open().is_ok(), "nobody has followed");
    follows.catch_up().unwrap();
    let error = Bus::builder(log.shared()).projection(totals()).open().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the rows of the view `totals` are those of a projection that catches up, and an inline one \
         cannot go on with them; let it catch up too, or name its view otherwise and rebuild that"
    );
    let other = Projection::new("other").on(|_: &Added, _, rows| rows.put("last", &1_u64));
    open(log.shared(), other);
    assert_eq!(rows(&log), pairs(&[("a", 1)]));
}

/// Makes a row one that nobody can read, behind the back of its projection.
fn damage(log: &Subject, view: &str) {
    let view = name(view);
    let row = log.row(&view, b"a").unwrap().unwrap();
    let mut commit = Commit::new(CommitId::generate());
    let (expected, value) = (Some(row.version), Some(b"\x80".to_vec()));
    commit.rows.push(RowChange { view, key: b"a".to_vec(), expected, value });
    log.commit(commit).unwrap();
}

fn a_shadow_takes_the_place_of_rows_that_cannot_go_on(log: Subject) {
    let bus = open(log.shared(), totals().catch_up(1));
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    let shadow = bus.shadow("totals").unwrap();
    for (view, by) in [("totals", 1), ("vitae.views/1/totals", 2)] {
        damage(&log, view);
        add(&bus, "a", by);
        for _ in 0..2 {
            let error = bus.catch_up().unwrap_err();
            let PartError::Handler { source, .. } = &*error.source else { panic!("{error:?}") };
            assert!(source.to_string().ends_with("rebuild the view"), "{source}");
        }
        shadow.begin().unwrap();
        shadow.pause().unwrap();
        assert!(bus.catch_up().is_err(), "nobody mends it");
        shadow.begin().unwrap();
        match by {
            1 => shadow.finish().unwrap(),
            _ => bus.catch_up().unwrap(),
        }
        assert_eq!(rows(&log), pairs(&[("a", 2 * by)]));
        bus.catch_up().unwrap();
    }
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    assert_eq!(rows(&log), pairs(&[("a", 5)]));
}

fn rows_that_cannot_go_on_are_told_of_while_the_shadow_goes_on(log: Subject) {
    let double = Double::of(&log);
    let bus = open(double.clone(), totals().catch_up(1));
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    damage(&log, "totals");
    add(&bus, "a", 1);
    bus.shadow("totals").unwrap().begin().unwrap();
    let bus = open(double, totals().catch_up(1));
    bus.catch_up().unwrap();
    let status = bus.status().unwrap().remove(0);
    assert_eq!((status.state, status.lag), (PartState::Well, 0));
    let error = status.last_error.unwrap();
    assert!(matches!(&*error, PartError::Handler { .. }), "{error:?}");
}

fn a_shadow_that_pauses_midway_goes_on_where_it_stood(log: Subject) {
    const EVENTS: u64 = 3_000;
    let (asked, until) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(u64::MAX)));
    let counted = |asked: &Arc<AtomicU64>, until: &Arc<AtomicU64>| {
        let (asked, until) = (Arc::clone(asked), Arc::clone(until));
        let totals = Projection::new("totals").on(move |event: &Added, _, rows| {
            if asked.fetch_add(1, Ordering::SeqCst) >= until.load(Ordering::SeqCst) {
                return Err("not now".into());
            }
            let before: u64 = rows.get("n")?.unwrap_or_default();
            rows.put("n", &(before + event.by))
        });
        open(log.shared(), totals.catch_up(1))
    };
    let bus = counted(&asked, &until);
    let count = bus.load::<Count>("n").unwrap();
    let more = |count: vitae::Aggregate<Count>, _| count.record(Added { by: 1 }).unwrap();
    bus.commit((0..EVENTS).fold(count, more)).unwrap();
    bus.catch_up().unwrap();
    let shadow = bus.shadow("totals").unwrap();
    shadow.begin().unwrap();
    until.store(EVENTS + 1_500, Ordering::SeqCst);
    bus.catch_up().unwrap_err();
    shadow.pause().unwrap();
    let paused = shadow.progress().unwrap().unwrap();
    let done = paused.position.unwrap().get();
    assert!(paused.paused && (1_024..EVENTS).contains(&done), "{paused:?}");

    // On the bus that it paused on, and then on one that knows nothing of it.
    asked.store(0, Ordering::SeqCst);
    until.store(u64::MAX, Ordering::SeqCst);
    bus.catch_up().unwrap();
    shadow.finish().unwrap();
    assert_eq!((shadow.progress().unwrap(), asked.load(Ordering::SeqCst)), (Some(paused), 0));
    let bus = counted(&asked, &until);
    let shadow = bus.shadow("totals").unwrap();
    shadow.begin().unwrap();
    shadow.finish().unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), EVENTS - done);
    assert_eq!((rows(&log), shadow.progress().unwrap()), (pairs(&[("n", EVENTS)]), None));
}
