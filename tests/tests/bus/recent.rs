//! What a bus remembers is never the truth.

use vitae::store::AppendError;
use vitae::{Bus, CommitReason};
use vitae_tests::{Subject, version};

use crate::support::*;

on_every_store! {
    buses_see_each_others_events
    clones_are_one_bus
    nothing_need_be_remembered
    fewer_may_be_remembered_than_are_used
    a_commit_that_was_rejected_is_not_remembered
    an_older_aggregate_does_not_turn_it_back
}

fn buses_see_each_others_events(log: Subject) {
    let (one, other) = (bus(&log), bus(&log));
    for round in 0..5 {
        write(&one, "a", &format!("one {round}"));
        write(&other, "a", &format!("other {round}"));
    }
    assert_eq!(note(&one, "a"), note(&other, "a"));
    assert_eq!(note(&one, "a"), note(&bus(&log), "a"));
    assert_eq!(note(&one, "a").lines().len(), 10);
}

fn clones_are_one_bus(log: Subject) {
    let bus = bus(&log);
    let clone = bus.clone();
    let open = bus.load::<Note>("a").unwrap().record(wrote("x")).unwrap();
    let (open, _) = clone.commit(open).unwrap();
    assert_eq!(&note(&bus, "a"), open.state());
}

fn nothing_need_be_remembered(log: Subject) {
    let bus = Bus::builder(log.shared()).remember(0).open().unwrap();
    for text in ["x", "y", "z"] {
        write(&bus, "a", text);
    }
    assert_eq!(note(&bus, "a").texts(), ["x", "y", "z"]);
}

fn fewer_may_be_remembered_than_are_used(log: Subject) {
    let bus = Bus::builder(log.shared()).remember(2).open().unwrap();
    for round in 0..3 {
        for id in ["a", "b", "c", "d"] {
            write(&bus, id, &round.to_string());
        }
    }
    for id in ["a", "b", "c", "d"] {
        assert_eq!(note(&bus, id).texts(), ["0", "1", "2"]);
    }
}

fn a_commit_that_was_rejected_is_not_remembered(log: Subject) {
    let bus = bus(&log);
    write(&bus, "b", "x");
    let a = bus.load::<Note>("a").unwrap().record(wrote("lost")).unwrap();
    let b = bus.load::<Note>("b").unwrap().record(wrote("lost")).unwrap();
    write(&self::bus(&log), "b", "theirs");
    assert!(bus.commit((a, b)).is_err());
    assert_eq!(note(&bus, "a"), Note::Blank);
    assert_eq!(note(&bus, "b").texts(), ["x", "theirs"]);
}

fn an_older_aggregate_does_not_turn_it_back(log: Subject) {
    let bus = bus(&log);
    write(&bus, "a", "x");
    let old = bus.load::<Note>("a").unwrap();
    write(&bus, "a", "y");
    let b = bus.load::<Note>("b").unwrap().record(wrote("b")).unwrap();
    // Nothing was recorded in it, but whoever hands it over relies on it.
    let error = bus.commit((old, b)).unwrap_err();
    assert!(matches!(
        error.reason(),
        CommitReason::Append(AppendError::Conflict { stream, .. }) if stream.id().as_str() == "a"
    ));
    let (old, b) = error.into_aggregates();
    assert_eq!(old.version(), Some(version(1)));
    bus.commit(b).unwrap();
    assert_eq!(note(&bus, "a").texts(), ["x", "y"]);
}
