//! Timers that a policy sets: what they make happen, when, and what ends them.

use vitae::store::{Query, Read, ReadError};
use vitae::{CommitReason, Policy, Reaction, Start};
use vitae_tests::Subject;

use super::*;

on_every_store! {
    it_makes_happen_what_the_policy_says
    it_ends_when_the_state_is_left
    it_is_kept_by_what_stays_and_ended_by_what_restarts
    it_waits_in_the_state_that_the_policy_found
    a_life_that_has_not_begun_begins
    several_of_one_policy_are_several
    others_of_the_same_kind_and_cause_are_not_taken_for_it
    late_ones_of_states_and_policies_fire_in_order
    with_the_commit_or_not_at_all
    what_cannot_happen_is_said_at_once
    a_guard_is_asked_when_it_is_due
    a_durable_policy_sets_it_once_whatever_else_it_sets
    it_goes_with_its_row
}

/// Whatever is added in a count is to happen in the run of the same name, so many seconds later.
fn later(
    name: &str,
    set: impl Fn(&str, Duration, &mut Reaction<'_>) -> Result<(), vitae::HandlerError>
    + Send
    + Sync
    + 'static,
) -> Policy {
    Policy::new(name).on(move |event: &Added, count, then| {
        set(count.stream().id().as_str(), Duration::from_secs(event.by), then)
    })
}

fn pauses() -> Policy {
    later("pauses", |id, after, then| Ok(then.record_after::<Run>(id, Paused, after)?))
}

fn writes() -> Policy {
    later("writes", |id, after, then| Ok(then.record_after::<Note>(id, wrote("later"), after)?))
}

fn watch(log: &Subject, policies: impl IntoIterator<Item = Policy>) -> Watch {
    let builder = Bus::builder(log.shared()).register::<Note>();
    Watch::of(policies.into_iter().fold(builder, BusBuilder::policy))
}

fn it_makes_happen_what_the_policy_says(log: Subject) {
    let watch = watch(&log, [writes()]);
    write(&watch.bus, "a", "first");
    let count = watch.bus.load::<Count>("a").unwrap().record(Added { by: 10 }).unwrap();
    let (_, receipt) = watch.bus.commit(count).unwrap();
    let timer = watch.bus.timers().next().unwrap().unwrap();
    assert_eq!((timer.policy().unwrap().as_str(), timer.due), ("writes", seconds(10)));
    assert_eq!((timer.stream.to_string(), timer.kind.as_str()), ("note/a".into(), "note.write"));
    watch.at(9);
    assert_eq!(note(&watch.bus, "a").texts(), ["first"]);
    watch.at(25);
    watch.at(50);
    let note = note(&watch.bus, "a");
    let [_, later] = note.lines() else { panic!("{note:?}") };
    assert_eq!((later.text.as_str(), later.occurred_at), ("later", seconds(25)));
    assert_eq!(later.causation, Some(timer.set_by));
    assert_eq!((timer.set_by.commit, later.correlation), (receipt.commit, receipt.commit));
    assert_eq!(pending(&watch.bus), []);
}

fn it_ends_when_the_state_is_left(log: Subject) {
    let watch = watch(&log, [pauses()]);
    for id in ["left", "back"] {
        watch.record(id, Begun { seconds: 1_000 });
        add(&watch.bus, id, 10);
        watch.record(id, Paused);
    }
    watch.record("back", Said);
    watch.at(10);
    for id in ["left", "back"] {
        assert_eq!(how_often(&*log, &format!("run/{id} run.paused")), 1);
    }
    assert!(pending(&watch.bus).iter().all(|(_, due)| *due > 10));
}

fn it_is_kept_by_what_stays_and_ended_by_what_restarts(log: Subject) {
    let watch = watch(&log, [pauses()]);
    for id in ["stays", "restarts"] {
        watch.record(id, Begun { seconds: 1_000 });
        add(&watch.bus, id, 10);
    }
    watch.record("stays", Said);
    watch.record("restarts", Beat);
    watch.at(10);
    assert!(matches!(watch.run("stays"), Run::Resting(_)));
    assert!(matches!(watch.run("restarts"), Run::Running(_)));
}

fn it_waits_in_the_state_that_the_policy_found(log: Subject) {
    // One comes before the pause, one behind it: for what cannot happen there is no timer.
    let pause = later("pause", |id, _, then| Ok(then.record::<Run>(id, Paused)?));
    let expires = |name| {
        let expired = || Expired { note: "by a policy".into() };
        later(name, move |id, after, then| Ok(then.record_after::<Run>(id, expired(), after)?))
    };
    let watch = watch(&log, [expires("before"), pause, expires("behind")]);
    watch.record("a", Begun { seconds: 1_000 });
    add(&watch.bus, "a", 10);
    let set: Vec<_> = watch.bus.timers().map(|timer| timer.unwrap()).take(2).collect();
    assert!(set.iter().all(|timer| timer.due == seconds(10)));
    watch.at(10);
    assert_eq!(watch.over_since("a"), Some(10));
    assert_eq!(how_often(&*log, "run/a run.expired"), 1);
    let mut made = Vec::new();
    // What the policy put into it is what it is found by.
    log.visit::<ReadError>(Read::log(Query::tag(name("note:by a policy"))), |event| {
        made.extend(event.metadata().map(|(key, value)| format!("{key}: {value}")));
        Ok(std::ops::ControlFlow::Continue(()))
    })
    .unwrap();
    assert_eq!(made, ["vitae.timer: behind/0"]);
}

fn a_life_that_has_not_begun_begins(log: Subject) {
    let watch = watch(&log, [writes()]);
    add(&watch.bus, "new", 10);
    add(&watch.bus, "begun", 10);
    assert_eq!(watch.bus.timers().next().unwrap().unwrap().since, None);
    write(&watch.bus, "begun", "meanwhile");
    watch.at(10);
    assert_eq!(note(&watch.bus, "new").texts(), ["later"]);
    assert_eq!(note(&watch.bus, "begun").texts(), ["meanwhile"]);
    assert_eq!(pending(&watch.bus), []);
}

fn several_of_one_policy_are_several(log: Subject) {
    let both = Policy::new("both")
        .on(|event: &Added, count, then| {
            for text in ["one", "two"] {
                let (id, after) = (count.stream().id(), Duration::from_secs(event.by));
                then.record_after::<Note>(id, wrote(text), after)?;
            }
            Ok(())
        })
        .on(|_: &Added, count, then| {
            let id = count.stream().id();
            Ok(then.record_after::<Note>(id, wrote("three"), Duration::from_secs(10))?)
        });
    let watch = watch(&log, [both, writes()]);
    write(&watch.bus, "a", "first");
    add(&watch.bus, "a", 10);
    watch.at(10);
    let note = note(&watch.bus, "a");
    let mut texts = note.texts();
    texts.sort_unstable();
    assert_eq!(texts, ["first", "later", "one", "three", "two"]);
}

fn others_of_the_same_kind_and_cause_are_not_taken_for_it(log: Subject) {
    let twice = Policy::new("twice").on(|_: &alarm::Armed, alarm, then| {
        let id = alarm.stream().id();
        then.record::<alarm::Alarm>(id, alarm::Rung)?;
        Ok(then.record_after::<alarm::Alarm>(id, alarm::Rung, Duration::from_secs(3))?)
    });
    let watch = Watch::of(Bus::builder(log.shared()).register::<alarm::Alarm>().policy(twice));
    let alarm = watch.bus.load::<alarm::Alarm>("a").unwrap();
    watch.bus.commit(alarm.record(alarm::Armed).unwrap()).unwrap();
    for (now, rung) in [(2, 1), (3, 2), (4, 2), (5, 3), (50, 3)] {
        watch.at(now);
        assert_eq!(how_often(&*log, "alarm/a alarm.rung"), rung, "at {now}");
    }
}

fn late_ones_of_states_and_policies_fire_in_order(mut log: Subject) {
    let first = watch(&log, [writes()]);
    first.record("a", Begun { seconds: 20 });
    add(&first.bus, "b", 30);
    add(&first.bus, "c", 10);
    first.record("d", Begun { seconds: 40 });
    drop(first);
    log.reopen();
    let watch = watch(&log, []);
    watch.at(35);
    let fired = ["note/c note.write", "run/a run.expired", "note/b note.write"];
    assert_eq!(log_of(&*log)[4..], fired);
    assert_eq!(pending(&watch.bus), owned([("d", 40)]));
}

fn with_the_commit_or_not_at_all(log: Subject) {
    let no = Policy::new("no").on(|_: &Added, _, _| Err("not today".into()));
    let watch = watch(&log, [writes(), no]);
    let count = watch.bus.load::<Count>("a").unwrap().record(Added { by: 10 }).unwrap();
    watch.bus.commit(count).unwrap_err();
    assert_eq!(pending(&watch.bus), []);
}

fn what_cannot_happen_is_said_at_once(log: Subject) {
    let watch = watch(&log, [pauses()]);
    let count = watch.bus.load::<Count>("a").unwrap().record(Added { by: 10 }).unwrap();
    let error = watch.bus.commit(count).unwrap_err();
    let CommitReason::Policy { source, .. } = error.reason() else { panic!("{error:?}") };
    assert!(source.to_string().starts_with("`Paused` cannot happen in state `Idle`"), "{source}");
}

fn a_guard_is_asked_when_it_is_due(log: Subject) {
    let rude = |id: &str, after, then: &mut Reaction<'_>| {
        Ok(then.record_after::<Note>(id, wrote("rude"), after)?)
    };
    let watch = watch(&log, [later("rude", rude)]);
    write(&watch.bus, "a", "first");
    add(&watch.bus, "a", 10);
    watch.clock.set(seconds(10));
    let failed = watch.bus.catch_up().unwrap_err();
    let said = others::of_timer(&failed.source);
    assert_eq!(said, "note/a note.write: a note says nothing rude");
    let sealed = watch.bus.load::<Note>("a").unwrap().record(Sealed).unwrap();
    watch.bus.commit(sealed).unwrap();
    watch.at(11);
    assert_eq!(pending(&watch.bus), []);
}

fn a_durable_policy_sets_it_once_whatever_else_it_sets(mut log: Subject) {
    // What comes of a later event, perhaps in the same commit, ends the timer of an earlier one.
    let notes = || {
        let policy = later("notes", |id, after, then| {
            if after.is_zero() {
                return Ok(then.record::<Note>("b", Sealed)?);
            }
            Ok(then.record_after::<Note>(id, wrote("later"), after)?)
        });
        policy.durable(Start::Beginning)
    };
    let first = watch(&log, [notes()]);
    for (id, by) in [("a", 10), ("b", 10), ("c", 0)] {
        write(&first.bus, id, "first");
        add(&first.bus, id, by);
    }
    assert_eq!(pending(&first.bus), []);
    first.at(5);
    assert_eq!(pending(&first.bus), owned([("a", 10), ("b", 10)]), "since their cause occurred");
    drop(first);
    log.reopen();
    let second = watch(&log, [notes()]);
    second.at(6);
    second.at(10);
    second.at(50);
    assert_eq!(note(&second.bus, "a").texts(), ["first", "later"]);
    assert_eq!(note(&second.bus, "b").texts(), ["first", "sealed"]);
}

fn it_goes_with_its_row(log: Subject) {
    let watch = watch(&log, [writes()]);
    add(&watch.bus, "a", 10);
    watch.record("a", Begun { seconds: 10 });
    forget(&*log);
    assert_eq!(watch.bus.restore_timers::<Note>().unwrap(), 0);
    assert_eq!(watch.bus.restore_timers::<Run>().unwrap(), 1);
    assert_eq!(pending(&watch.bus), owned([("a", 10)]));
}
