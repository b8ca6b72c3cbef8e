//! Somebody else is faster, on a stream that only a policy touches.

use std::sync::Arc;

use vitae::store::AppendError;
use vitae::{Bus, CommitReason, Policy};
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    it_is_put_together_anew_on_fresh_state
    a_life_that_was_only_looked_at_is_looked_at_again
    everybody_gets_through
    tries_are_bounded
    the_callers_stream_is_not_retried
    a_stream_that_the_caller_hands_over_is_not_retried
    what_a_policy_says_of_a_life_that_has_moved_is_that_it_has_moved
}

/// Notes how many lines there were before.
fn numbering() -> Policy {
    Policy::new("numbering").on(|_: &Added, _, then| {
        let lines = then.state::<Note>("log")?.lines().len();
        then.record::<Note>("log", wrote(lines.to_string()))?;
        Ok(())
    })
}

fn open(double: &Arc<Double>) -> Bus {
    let builder = Bus::builder(double.clone()).policy(numbering());
    builder.open().unwrap()
}

fn it_is_put_together_anew_on_fresh_state(log: Subject) {
    let double = Double::of(&log);
    let bus = open(&double);
    add(&bus, "n", 1);
    for _ in 0..3 {
        let other = self::bus(&log);
        double.sneak(move || write(&other, "log", "theirs"));
    }
    let count = bus.load::<Count>("n").unwrap().record(Added { by: 1 }).unwrap();
    let id = count.commit_id();
    let (_, receipt) = bus.commit(count).unwrap();
    assert_eq!(receipt.commit, id);
    assert_eq!(double.appends(), 5);
    let texts = ["0", "theirs", "theirs", "theirs", "4"];
    let anew = note(&self::bus(&log), "log");
    assert_eq!((anew.texts(), &anew), (texts.to_vec(), &note(&bus, "log")));
    assert_eq!(self::count(&bus, "n"), 2);
}

fn a_life_that_was_only_looked_at_is_looked_at_again(log: Subject) {
    // What is added is noted while the gate says nothing.
    let gated = Policy::new("gated").on(|_: &Added, _, then| {
        if then.state::<Note>("gate")?.texts().is_empty() {
            then.record::<Note>("log", wrote("let through"))?;
        }
        Ok(())
    });
    let double = Double::of(&log);
    let bus = Bus::builder(double.clone()).policy(gated).open().unwrap();
    let other = self::bus(&log);
    double.sneak(move || write(&other, "gate", "shut"));
    add(&bus, "n", 1);
    assert_eq!(double.appends(), 2);
    assert_eq!(note(&bus, "log").texts(), [""; 0]);
    assert_eq!(self::count(&bus, "n"), 1);
}

fn conflict_on(reason: &CommitReason, expected: &str) -> bool {
    matches!(
        reason,
        CommitReason::Append(AppendError::Conflict { stream, .. }) if stream.to_string() == expected
    )
}

/// However many commits move the same life, none of them gives up.
fn everybody_gets_through(log: Subject) {
    let bus = Bus::builder(log.shared()).policy(numbering()).open().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let bus = bus.clone();
            scope.spawn(move || {
                for _ in 0..25 {
                    add(&bus, &thread.to_string(), 1);
                }
            });
        }
    });
    assert_eq!(note(&bus, "log").texts().len(), 200);
}

fn tries_are_bounded(log: Subject) {
    let double = Double::of(&log);
    let bus = open(&double);
    for _ in 0..99 {
        let other = self::bus(&log);
        double.sneak(move || write(&other, "log", "theirs"));
    }
    let count = bus.load::<Count>("n").unwrap().record(Added { by: 1 }).unwrap();
    let error = bus.commit(count).unwrap_err();
    let CommitReason::Contended { tries: 16, source } = error.reason() else {
        panic!("{error:?}");
    };
    assert!(matches!(
        source,
        AppendError::Conflict { stream, .. } if stream.to_string() == "note/log"
    ));
    assert_eq!((double.appends(), log_of(&*log).len()), (16, 16));
    // A further try is the caller's to make; here it is refused as often.
    let error = bus.commit(error.into_aggregates()).unwrap_err();
    assert_eq!(error.into_aggregates().recorded(), 1);
    assert_eq!(self::count(&bus, "n"), 0);
}

fn the_callers_stream_is_not_retried(log: Subject) {
    let double = Double::of(&log);
    let bus = open(&double);
    let other = self::bus(&log);
    double.sneak(move || add(&other, "n", 5));
    let count = bus.load::<Count>("n").unwrap().record(Added { by: 1 }).unwrap();
    let error = bus.commit(count).unwrap_err();
    assert!(conflict_on(error.reason(), "count/n"), "{error:?}");
    assert_eq!(double.appends(), 1);
    assert!(note(&bus, "log").lines().is_empty());
}

fn a_stream_that_the_caller_hands_over_is_not_retried(log: Subject) {
    let double = Double::of(&log);
    let bus = open(&double);
    let other = self::bus(&log);
    double.sneak(move || write(&other, "log", "theirs"));
    let seen = bus.load::<Note>("log").unwrap();
    let count = bus.load::<Count>("n").unwrap().record(Added { by: 1 }).unwrap();
    let error = bus.commit((count, seen)).unwrap_err();
    assert!(conflict_on(error.reason(), "note/log"), "{error:?}");
    assert_eq!(double.appends(), 1);
}

/// A policy sees other lives as they are now: what it makes of them and of one that is out of date may
/// come to an error that nothing is wrong about.
fn what_a_policy_says_of_a_life_that_has_moved_is_that_it_has_moved(log: Subject) {
    let once = Policy::new("once").on(|added: &Added, _, then| {
        if added.by == 7 && !then.state::<Note>("log")?.texts().is_empty() {
            return Err("it was noted already".into());
        }
        Ok(then.record::<Note>("log", wrote("noted"))?)
    });
    let bus = Bus::builder(log.shared()).policy(once).open().unwrap();
    let early = bus.load::<Count>("n").unwrap().record(Added { by: 7 }).unwrap();
    add(&bus, "n", 1);
    let error = bus.commit(early).unwrap_err();
    assert!(conflict_on(error.reason(), "count/n"), "{error:?}");
    // On what is there now, it is the policy that refuses.
    let now = bus.load::<Count>("n").unwrap().record(Added { by: 7 }).unwrap();
    let error = bus.commit(now).unwrap_err();
    assert!(matches!(error.reason(), CommitReason::Policy { .. }), "{error:?}");
    assert_eq!(note(&bus, "log").texts(), ["noted"]);
}
