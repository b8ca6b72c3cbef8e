//! A timer ends when its state is left, or set anew, or when nothing can happen any more.

use vitae::{GlobalPosition, Snapshots};
use vitae_tests::Subject;

use super::*;

on_every_store! {
    when_its_state_is_left
    not_by_what_stays_in_its_state
    by_what_restarts_it
    the_last_entering_counts
    when_it_is_left_in_the_commit_that_entered_it
    and_lasts_as_long_as_when_it_was_entered
    when_the_state_is_left_for_one_that_waits_for_the_same
    when_a_payload_of_its_life_is_erased
    with_snapshots_as_without
}

fn when_its_state_is_left(log: Subject) {
    let watch = Watch::over(log.shared());
    watch.record("a", Begun { seconds: 10 });
    watch.at(5);
    watch.record("a", Paused);
    // Nothing was written for it.
    assert_eq!(pending(&watch.bus), owned([("a", 10), ("a", 65)]));
    watch.at(10);
    assert_eq!(pending(&watch.bus), owned([("a", 65)]));
    watch.at(65);
    assert_eq!(watch.over_since("a"), Some(65));
    assert_eq!(log_of(&*log), ["run/a run.begun", "run/a run.paused", "run/a run.expired"]);
}

fn not_by_what_stays_in_its_state(log: Subject) {
    let watch = Watch::over(log.shared());
    watch.record("a", Begun { seconds: 10 });
    watch.at(5);
    watch.record("a", Said);
    watch.record("a", Said);
    assert_eq!(pending(&watch.bus), owned([("a", 10)]));
    watch.at(10);
    assert_eq!(watch.over_since("a"), Some(10));
}

fn by_what_restarts_it(log: Subject) {
    let watch = Watch::over(log.shared());
    watch.record("a", Begun { seconds: 10 });
    watch.at(5);
    watch.record("a", Beat);
    watch.at(10);
    assert_eq!(watch.over_since("a"), None);
    assert_eq!(pending(&watch.bus), owned([("a", 15)]));
    watch.at(15);
    assert_eq!(watch.over_since("a"), Some(15));
}

fn the_last_entering_counts(log: Subject) {
    let watch = Watch::over(log.shared());
    watch.record("a", Begun { seconds: 10 });
    watch.at(4);
    watch.record("a", Paused);
    watch.at(6);
    watch.record("a", Said);
    assert_eq!(pending(&watch.bus), owned([("a", 10), ("a", 16), ("a", 64)]));
    watch.at(15);
    assert_eq!(watch.over_since("a"), None, "it is in the same state again, but not since then");
    watch.at(16);
    assert_eq!(watch.over_since("a"), Some(16));
    watch.at(64);
    assert_eq!(pending(&watch.bus), []);
}

fn when_it_is_left_in_the_commit_that_entered_it(log: Subject) {
    let watch = Watch::over(log.shared());
    let run = watch.bus.load::<Run>("a").unwrap().record(Begun { seconds: 10 }).unwrap();
    let run = run.record(Paused).unwrap();
    let (run, _) = watch.bus.commit(run).unwrap();
    assert_eq!(pending(&watch.bus), owned([("a", 60)]));
    let run = run.record(Said).unwrap().record(Expired::default()).unwrap();
    watch.bus.commit(run).unwrap();
    assert_eq!(pending(&watch.bus), owned([("a", 60)]));
}

fn and_lasts_as_long_as_when_it_was_entered(log: Subject) {
    let watch = Watch::over(log.shared());
    let run = watch.bus.load::<Run>("a").unwrap().record(Begun { seconds: 10 }).unwrap();
    let (_, receipt) = watch.bus.commit(run.record(Said).unwrap()).unwrap();
    assert_eq!(pending(&watch.bus), owned([("a", 10)]));
    let timer = watch.bus.timers().next().unwrap().unwrap();
    assert_eq!((timer.set_by.commit, timer.set_by.index), (receipt.commit, 0));
    watch.at(10);
    assert_eq!(watch.over_since("a"), Some(10));
}

fn when_the_state_is_left_for_one_that_waits_for_the_same(log: Subject) {
    // What ends a pause also stays in the state behind it: the kinds alone do not tell.
    for (id, remembered) in [("a", 0), ("b", 100)] {
        let watch = Watch::of(Bus::builder(log.shared()).remember(remembered));
        watch.record(id, Begun { seconds: 1_000 });
        watch.record(id, Paused);
        watch.record(id, Said);
        watch.at(60);
        assert_eq!(watch.over_since(id), None);
        watch.at(1_000);
        assert_eq!(watch.over_since(id), Some(1_000));
    }
}

fn when_a_payload_of_its_life_is_erased(log: Subject) {
    let watch = Watch::over(log.shared());
    watch.record("a", Begun { seconds: 10 });
    watch.record("b", Begun { seconds: 20 });
    watch.bus.erase([GlobalPosition::FIRST], "asked for", "us").unwrap();
    watch.at(20);
    assert_eq!(watch.over_since("b"), Some(20));
    assert_eq!(pending(&watch.bus), []);
    // Two beginnings, the erasure, and one end.
    assert_eq!(log.head().unwrap(), GlobalPosition::new(4));
}

fn with_snapshots_as_without(log: Subject) {
    let snapshots = Snapshots::of::<Run>().every(2);
    let watch = Watch::of(Bus::builder(log.shared()).snapshots(snapshots).remember(0));
    watch.record("stays", Begun { seconds: 10 });
    watch.record("leaves", Begun { seconds: 1_000 });
    watch.record("leaves", Paused);
    for id in ["stays", "leaves"] {
        watch.record(id, Said);
        watch.record(id, Said);
    }
    watch.at(60);
    assert_eq!(watch.over_since("stays"), Some(60));
    assert_eq!(watch.over_since("leaves"), None);
}
