//! Timers that no commit has set are found in the events.

use vitae::store::{Commit, RowChange};
use vitae::{CommitId, GlobalPosition, RestoreTimersError};
use vitae_tests::{Subject, name};

use super::*;

on_every_store! {
    those_that_are_missing_and_no_others
    as_a_commit_would_have_set_them
    one_that_has_fired_is_not_set_again
    not_those_of_a_life_with_an_erased_payload
    while_others_do_the_same
    what_cannot_be_read_is_said
    a_row_of_another_log_says_nothing
}

fn those_that_are_missing_and_no_others(log: Subject) {
    let watch = Watch::over(log.shared());
    watch.record("over", Begun { seconds: 1 });
    watch.at(1);
    watch.record("a", Begun { seconds: 10 });
    watch.record("b", Begun { seconds: 10 });
    watch.record("b", Said);
    forget(&*log);
    watch.at(2);
    watch.record("b", Beat);
    watch.record("c", Begun { seconds: 10 });
    assert_eq!(watch.bus.restore_timers::<Run>().unwrap(), 1);
    assert_eq!(pending(&watch.bus), owned([("b", 7), ("a", 11), ("c", 12)]));
    assert_eq!(watch.bus.restore_timers::<Run>().unwrap(), 0);
    watch.at(20);
    assert_eq!(watch.over_since("a"), Some(20));
}

fn as_a_commit_would_have_set_them(log: Subject) {
    let watch = Watch::over(log.shared());
    let run = watch.bus.load::<Run>("a").unwrap().record(Begun { seconds: 10 }).unwrap();
    watch.bus.commit(run.record(Said).unwrap()).unwrap();
    watch.record("b", Begun { seconds: 9 });
    watch.record("b", Beat);
    watch.record("b", Said);
    watch.record("c", Begun { seconds: 8 });
    watch.record("c", Paused);
    let rows = || log.rows(&name("vitae.timers"), &[], None, 100).unwrap();
    let content = || rows().into_iter().map(|row| (row.key, row.value)).collect::<Vec<_>>();
    let set = content();
    forget(&*log);
    assert_eq!(watch.bus.restore_timers::<Run>().unwrap(), 3);
    // Those that have ended by now are not among them.
    let restored = content();
    assert_eq!(restored.len(), 3);
    assert!(restored.iter().all(|row| set.contains(row)));
}

fn one_that_has_fired_is_not_set_again(log: Subject) {
    let watch = Watch::of(Bus::builder(log.shared()).register::<alarm::Alarm>());
    let alarm = || watch.bus.load::<alarm::Alarm>("a").unwrap();
    watch.bus.commit(alarm().record(alarm::Armed).unwrap()).unwrap();
    let row = log.rows(&name("vitae.timers"), &[], None, 1).unwrap().remove(0);
    // Somebody's own is not the timer's.
    watch.bus.commit(alarm().record(alarm::Rung).unwrap()).unwrap();
    watch.at(5);
    watch.at(50);
    assert_eq!(how_often(&*log, "alarm/a alarm.rung"), 2);
    assert_eq!(watch.bus.restore_timers::<alarm::Alarm>().unwrap(), 0);
    // Even a row that should not be there sets off nothing.
    let mut commit = Commit::new(CommitId::generate());
    let (view, value) = (name("vitae.timers"), Some(row.value));
    commit.rows.push(RowChange { view, key: row.key, expected: None, value });
    log.append(commit).wait().unwrap();
    watch.at(60);
    assert_eq!(how_often(&*log, "alarm/a alarm.rung"), 2);
    assert_eq!(pending(&watch.bus), []);
    watch.bus.commit(alarm().record(alarm::Armed).unwrap()).unwrap();
    watch.at(65);
    assert_eq!(how_often(&*log, "alarm/a alarm.rung"), 3);
}

fn not_those_of_a_life_with_an_erased_payload(log: Subject) {
    let watch = Watch::over(log.shared());
    watch.record("a", Begun { seconds: 10 });
    watch.record("b", Begun { seconds: 10 });
    forget(&*log);
    watch.bus.erase([GlobalPosition::FIRST], "asked for", "us").unwrap();
    assert_eq!(watch.bus.restore_timers::<Run>().unwrap(), 1);
    assert_eq!(pending(&watch.bus), owned([("b", 10)]));
}

fn while_others_do_the_same(log: Subject) {
    let double = Double::of(&log);
    let watch = Watch::over(double.clone());
    for id in ["a", "b", "c"] {
        watch.record(id, Begun { seconds: 10 });
    }
    let row = log.rows(&name("vitae.timers"), &[], None, 1).unwrap().remove(0);
    forget(&*log);
    let store = log.shared();
    // They have come as far as the first.
    double.sneak(move || {
        let mut commit = Commit::new(CommitId::generate());
        let (view, value) = (name("vitae.timers"), Some(row.value));
        commit.rows.push(RowChange { view, key: row.key, expected: None, value });
        store.append(commit).wait().unwrap();
    });
    assert_eq!(watch.bus.restore_timers::<Run>().unwrap(), 2);
    assert_eq!(pending(&watch.bus).len(), 3);
}

fn what_cannot_be_read_is_said(log: Subject) {
    let watch = Watch::over(log.shared());
    watch.record("a", Begun { seconds: 10 });
    smuggle::<Run>(&*log, "a", ("run.unheard_of", 1), b"");
    let error = watch.bus.restore_timers::<Run>().unwrap_err();
    assert!(matches!(error, RestoreTimersError::Load(_)));
}

fn a_row_of_another_log_says_nothing(log: Subject) {
    let watch = Watch::over(log.shared());
    watch.record("a", Begun { seconds: 10 });
    let mut row = log.rows(&name("vitae.timers"), &[], None, 1).unwrap().remove(0);
    forget(&*log);
    // The same life, version and kind, and another event.
    row.key[8] ^= 1;
    let mut commit = Commit::new(CommitId::generate());
    let (view, value) = (name("vitae.timers"), Some(row.value));
    commit.rows.push(RowChange { view, key: row.key, expected: None, value });
    log.append(commit).wait().unwrap();
    watch.at(10);
    assert_eq!(watch.over_since("a"), None);
    assert_eq!(pending(&watch.bus), []);
}
