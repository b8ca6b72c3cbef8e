//! Effects: tried at least once, under one key, in the order of each stream.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use vitae::store::{Commit, EventRef, Query, Read, ReadError, RowChange};
use vitae::{
    BackOff, Bus, CommitId, Effect, EffectFailed, GlobalPosition, HandlerError, OpenError,
    PartKind, Policy, Start,
};
use vitae_tests::{Subject, name, stream};

use crate::support::*;

on_every_store! {
    what_succeeds_leaves_nothing_but_the_checkpoint
    after_a_crash_it_is_tried_again_under_the_same_key
    a_crash_repeats_no_more_than_a_batch
    while_the_store_fails_nothing_is_tried_twice
    what_a_try_came_to_is_said_of_that_event_only
    what_fails_is_tried_again_when_its_time_comes
    what_failed_together_does_not_come_back_together
    one_stream_waits_and_the_others_go_on
    of_one_batch_the_order_holds_too
    a_panic_is_a_failure
    what_was_set_aside_outlives_a_restart
    it_starts_where_it_is_told
    two_processes_lose_nothing
    what_is_released_while_it_is_held_is_tried
    a_kind_that_is_not_handled_any_more_is_not_forgotten
    what_was_erased_meanwhile_is_done
    a_row_that_was_lost_is_put_back
    a_handler_may_use_the_bus
    policies_hear_of_it
    a_name_is_for_one_effect
    a_thread_wakes_when_something_is_due
}

/// What there is to say of each event of a kind.
fn visit<T>(bus: &Bus, kind: &str, say: impl Fn(&EventRef<'_>) -> T) -> Vec<T> {
    let mut said = Vec::new();
    let read = Read::log(Query::kinds([name(kind)]));
    let visited = bus.store().visit(read, |event| {
        said.push(say(event));
        Ok::<_, ReadError>(ControlFlow::Continue(()))
    });
    visited.unwrap();
    said
}

fn what_succeeds_leaves_nothing_but_the_checkpoint(log: Subject) {
    let scene = Scene::new(log);
    let bus = scene.bus();
    add(&bus, "a", 1);
    write(&bus, "n", "x");
    add(&bus, "b", 2);
    assert_eq!(scene.outside.take(), []);
    bus.catch_up().unwrap();
    let calls = scene.outside.take();
    assert_eq!(calls.iter().map(|call| call.what.as_str()).collect::<Vec<_>>(), ["a 1", "b 2"]);
    let keys: Vec<_> = calls.iter().map(|call| call.key.clone()).collect();
    let ids = visit(&bus, "count.add", |event| format!("mail/{}", event.id()));
    assert_eq!(keys, ids);
    assert_eq!((log_of(&*scene.log).len(), scene.rows()), (3, 0));
    let status = bus.status().unwrap().remove(0);
    assert_eq!((status.kind, status.lag), (PartKind::Effect, 0));
    assert!(scene.log.checkpoint(&name("effect/mail")).unwrap().is_some());
    // What there was to do was done, on any bus.
    scene.bus().catch_up().unwrap();
    assert_eq!(scene.outside.take(), []);
}

fn after_a_crash_it_is_tried_again_under_the_same_key(log: Subject) {
    let scene = Scene::new(log);
    add(&bus(&scene.log), "a", 1);
    let double = Double::of(&scene.log);
    double.lose_answer(false);
    scene.over(double).catch_up().unwrap_err();
    scene.bus().catch_up().unwrap();
    let [first, second] = scene.outside.take().try_into().unwrap();
    assert_eq!(first, second);
    // So it is where the first try had failed, and the second one's commit was lost.
    scene.outside.fail("a", true);
    add(&bus(&scene.log), "a", 2);
    scene.bus().catch_up().unwrap();
    scene.at(10);
    let double = Double::of(&scene.log);
    double.lose_answer(false);
    scene.over(double).catch_up().unwrap_err();
    scene.outside.fail("a", false);
    scene.bus().catch_up().unwrap();
    let [first, second, third] = scene.outside.take().try_into().unwrap();
    assert_eq!((first.attempt, second.attempt, third.attempt), (1, 2, 2));
    assert!(first.key == second.key && second.key == third.key);
}

fn a_crash_repeats_no_more_than_a_batch(log: Subject) {
    let scene = Scene::new(log);
    for by in 0..40 {
        add(&bus(&scene.log), &format!("{by}"), by);
    }
    let double = Double::of(&scene.log);
    double.sneak(|| {});
    double.lose_answer(false);
    scene.over(double).catch_up().unwrap_err();
    scene.bus().catch_up().unwrap();
    let mut tries = BTreeMap::<String, usize>::new();
    for call in scene.outside.take() {
        *tries.entry(call.key).or_default() += 1;
    }
    assert_eq!(tries.len(), 40);
    assert_eq!(tries.values().filter(|tries| **tries == 2).count(), 16);
    assert_eq!(tries.values().sum::<usize>(), 56);
}

fn while_the_store_fails_nothing_is_tried_twice(log: Subject) {
    let scene = Scene::new(log);
    let double = Double::of(&scene.log);
    let bus = scene.over(double.clone());
    scene.outside.fail("b", true);
    add(&self::bus(&scene.log), "a", 1);
    add(&self::bus(&scene.log), "b", 2);
    double.lose_answer(false);
    bus.catch_up().unwrap_err();
    add(&self::bus(&scene.log), "c", 3);
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 1: 1", "b 2: 1", "c 3: 1"]);
    scene.at(10);
    double.lose_answer(false);
    bus.catch_up().unwrap_err();
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["b 2: 2"]);
    assert_eq!(scene.acts(), ["failed", "failed"]);
}

fn what_a_try_came_to_is_said_of_that_event_only(log: Subject) {
    let scene = Scene::new(log);
    ["a 1", "b 1"].iter().for_each(|what| scene.outside.fail(what, true));
    let double = Double::of(&scene.log);
    let bus = scene.over(double.clone());
    ["a", "b"].iter().for_each(|count| add(&bus, count, 1));
    bus.catch_up().unwrap();
    scene.at(10);
    scene.outside.fail("a 1", false);
    // It is delivered, and the store does not take that; somebody else tries both of them again.
    double.lose_answer(false);
    bus.catch_up().unwrap_err();
    scene.bus().catch_up().unwrap();
    scene.outside.fail("b 1", false);
    scene.at(30);
    scene.outside.take();
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["b 1: 3"]);
    assert_eq!(scene.rows(), 0);
}

fn what_fails_is_tried_again_when_its_time_comes(log: Subject) {
    let scene = Scene::new(log);
    let bus = scene.bus();
    scene.outside.fail("a", true);
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 1: 1"]);
    for (at, attempt) in [(10, 2), (30, 3)] {
        scene.at(at - 1);
        bus.catch_up().unwrap();
        assert!(scene.outside.take().is_empty());
        scene.at(at);
        bus.catch_up().unwrap();
        assert_eq!(scene.outside.heard(), [format!("a 1: {attempt}")]);
    }
    scene.outside.fail("a", false);
    scene.at(59);
    bus.catch_up().unwrap();
    assert!(scene.outside.take().is_empty());
    // Late is not lost.
    scene.at(1_000);
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 1: 4"]);
    assert_eq!(scene.acts(), ["failed", "failed", "failed", "delivered"]);
    assert_eq!(scene.rows(), 0);
    // What comes now is new.
    add(&bus, "a", 2);
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 2: 1"]);
}

fn what_failed_together_does_not_come_back_together(log: Subject) {
    let scene = Scene::new(log);
    let effect = scene.outside.effect(Start::Beginning).back_off(BackOff::default());
    let bus = scene.builder(scene.log.shared()).effect(effect).open().unwrap();
    for id in ["a", "b", "c", "d"] {
        scene.outside.fail(id, true);
        add(&bus, id, 1);
    }
    bus.catch_up().unwrap();
    let next_try = |event: &EventRef<'_>| event.decode::<EffectFailed>().unwrap().next_try;
    let mut next = visit(&bus, "vitae.effect.failed", next_try);
    next.sort_unstable();
    let distinct = next.len();
    next.dedup();
    assert_eq!((distinct, next.len()), (4, 4));
    assert!(next.iter().all(|at| (1_000_500_000..=1_001_000_000).contains(at)), "{next:?}");
}

fn one_stream_waits_and_the_others_go_on(log: Subject) {
    let scene = Scene::new(log);
    let bus = scene.bus();
    scene.outside.fail("a", true);
    for (id, by) in [("a", 1), ("b", 1), ("a", 2), ("b", 2)] {
        add(&bus, id, by);
        bus.catch_up().unwrap();
    }
    assert_eq!(scene.outside.heard(), ["a 1: 1", "b 1: 1", "b 2: 1"]);
    scene.at(10);
    scene.outside.fail("a", false);
    scene.outside.fail("a 2", true);
    add(&bus, "a", 3);
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 1: 2", "a 2: 1"]);
    scene.outside.fail("a 2", false);
    add(&bus, "a", 4);
    bus.catch_up().unwrap();
    assert!(scene.outside.take().is_empty());
    scene.at(20);
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 2: 2", "a 3: 1", "a 4: 1"]);
    assert_eq!(scene.rows(), 0);
}

fn of_one_batch_the_order_holds_too(log: Subject) {
    let scene = Scene::new(log);
    let bus = scene.bus();
    scene.outside.fail("a 2", true);
    for (id, by) in [("a", 1), ("a", 2), ("b", 1), ("a", 3), ("a", 4)] {
        add(&bus, id, by);
    }
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 1: 1", "a 2: 1", "b 1: 1"]);
    assert_eq!(scene.acts(), ["failed", "held", "held"]);
    scene.outside.fail("a 2", false);
    scene.at(10);
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 2: 2", "a 3: 1", "a 4: 1"]);
}

fn a_panic_is_a_failure(log: Subject) {
    let scene = Scene::new(log);
    let effect = Effect::new("mail", Start::Beginning).attempts(0).on(|event: &Added, _, _| {
        assert_ne!(event.by, 13, "unlucky");
        Ok(())
    });
    let bus = scene.builder(scene.log.shared()).effect(effect).open().unwrap();
    add(&bus, "a", 13);
    add(&bus, "b", 1);
    bus.catch_up().unwrap();
    let parked = bus.parked("mail").unwrap().list().next().unwrap().unwrap();
    assert!(parked.error.contains("unlucky"), "{}", parked.error);
    assert_eq!((parked.attempts, parked.position.get()), (1, 1));
    assert_eq!(scene.acts(), ["parked"]);
}

fn what_was_set_aside_outlives_a_restart(log: Subject) {
    let mut scene = Scene::new(log);
    scene.outside.fail("a", true);
    let bus = scene.bus();
    add(&bus, "a", 1);
    add(&bus, "a", 2);
    bus.catch_up().unwrap();
    drop(bus);
    scene.log.reopen();
    scene.outside.fail("a", false);
    let bus = scene.bus();
    bus.catch_up().unwrap();
    scene.at(10);
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 1: 1", "a 1: 2", "a 2: 1"]);
}

fn it_starts_where_it_is_told(log: Subject) {
    let scene = Scene::new(log);
    add(&bus(&scene.log), "a", 1);
    add(&bus(&scene.log), "a", 2);
    let at = |start| {
        let effect = scene.outside.effect(start);
        scene.builder(scene.log.shared()).effect(effect).open().unwrap()
    };
    at(Start::Now).catch_up().unwrap();
    assert!(scene.outside.take().is_empty());
    add(&bus(&scene.log), "a", 3);
    // Only the first time is asked where to start.
    at(Start::After(GlobalPosition::FIRST)).catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 3: 1"]);
}

fn two_processes_lose_nothing(log: Subject) {
    let scene = Scene::new(log);
    scene.outside.fail("b", true);
    for (id, by) in [("a", 1), ("b", 2), ("b", 3), ("c", 4)] {
        add(&bus(&scene.log), id, by);
    }
    // Both try; the checkpoint says who goes on.
    let (double, other) = (Double::of(&scene.log), scene.bus());
    let second = other.clone();
    double.sneak(move || second.catch_up().unwrap());
    let bus = scene.over(double.clone());
    bus.catch_up().unwrap();
    let twice = ["a 1: 1", "b 2: 1", "c 4: 1", "a 1: 1", "b 2: 1", "c 4: 1"];
    assert_eq!(scene.outside.heard(), twice);
    assert_eq!(scene.acts(), ["failed", "held"]);
    // So it is with what is due.
    scene.at(10);
    scene.outside.fail("b", false);
    double.sneak(move || other.catch_up().unwrap());
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["b 2: 2", "b 2: 2", "b 3: 1"]);
    assert_eq!(scene.acts(), ["failed", "held", "delivered", "delivered"]);
}

fn what_is_released_while_it_is_held_is_tried(log: Subject) {
    let scene = Scene::new(log);
    let double = Double::of(&scene.log);
    let effect = scene.outside.effect(Start::Beginning).attempts(1);
    let bus = scene.builder(double.clone()).effect(effect).open().unwrap();
    scene.outside.fail("a 1", true);
    for (by, others) in [(2, true), (3, false)] {
        add(&bus, "a", 1);
        bus.catch_up().unwrap();
        if others {
            add(&bus, "b", by);
        }
        add(&bus, "a", by);
        scene.outside.take();
        // What is in front is given up while this is put behind it.
        let desk = self::bus(&scene.log).parked("mail").unwrap();
        double.sneak(move || {
            desk.give_up(&stream("count/a"), "x").unwrap();
        });
        let stopped = bus.catch_up();
        // What may not be tried now is left for the next step, which is not at once if it is the first.
        assert_eq!(stopped.is_err(), !others, "{stopped:?}");
        bus.catch_up().unwrap();
        let heard = [format!("b {by}: 1"), format!("a {by}: 1")];
        assert_eq!(scene.outside.heard(), heard[usize::from(!others)..]);
    }
    assert_eq!(scene.acts(), ["parked", "given_up", "parked", "given_up"]);
}

fn a_kind_that_is_not_handled_any_more_is_not_forgotten(log: Subject) {
    let scene = Scene::new(log);
    scene.outside.fail("a", true);
    let bus = scene.bus();
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    let other = Effect::new("mail", Start::Beginning).attempts(2).on(|_: &Wrote, _, _| Ok(()));
    let bus = scene.builder(scene.log.shared()).effect(other).open().unwrap();
    scene.at(10);
    bus.catch_up().unwrap();
    let parked = bus.parked("mail").unwrap().list().next().unwrap().unwrap();
    assert_eq!(parked.error, "the effect does not handle this kind any more");
}

fn what_was_erased_meanwhile_is_done(log: Subject) {
    let scene = Scene::new(log);
    scene.outside.fail("a", true);
    let bus = scene.bus();
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    bus.erase([GlobalPosition::FIRST], "asked to", "ada").unwrap();
    scene.at(10);
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 1: 1"]);
    assert_eq!(visit(&bus, "vitae.effect.delivered", |_| ()).len(), 1);
    assert_eq!(scene.rows(), 0);
}

fn a_row_that_was_lost_is_put_back(log: Subject) {
    let scene = Scene::new(log);
    scene.outside.fail("a", true);
    let bus = scene.bus();
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    let [row] = scene.log.rows(&name("vitae.effects"), &[], None, 9).unwrap().try_into().unwrap();
    let change = |key: Vec<u8>, expected, value| {
        let mut commit = Commit::new(CommitId::generate());
        commit.rows.push(RowChange { view: name("vitae.effects"), key, expected, value });
        scene.log.append(commit).wait().unwrap();
    };
    change(row.key.clone(), Some(row.version), None);
    scene.outside.fail("a", false);
    add(&bus, "a", 2);
    bus.catch_up().unwrap();
    assert_eq!(scene.rows(), 1);
    // One that leads nowhere goes.
    let mut early = row.key.clone();
    early["mail\0d".len()] = 0;
    change(early, None, Some(Vec::new()));
    bus.catch_up().unwrap();
    assert_eq!((scene.rows(), scene.outside.heard()), (1, vec!["a 1: 1".to_owned()]));
    scene.at(10);
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 1: 2", "a 2: 1"]);
}

fn a_handler_may_use_the_bus(log: Subject) {
    let scene = Scene::new(log);
    let itself = Arc::new(OnceLock::<Bus>::new());
    let bus = itself.clone();
    let effect = Effect::new("mail", Start::Beginning).on(move |event: &Added, _, _| {
        let note = bus.get().unwrap().load::<Note>("sent")?.record(wrote(event.by.to_string()))?;
        bus.get().unwrap().commit(note).map_err(|error| error.into_parts().1)?;
        Ok(())
    });
    let bus = scene.builder(scene.log.shared()).effect(effect).open().unwrap();
    itself.set(bus.clone()).unwrap();
    add(&bus, "a", 1);
    add(&bus, "a", 2);
    bus.catch_up().unwrap();
    assert_eq!(note(&bus, "sent").texts(), ["1", "2"]);
}

fn policies_hear_of_it(log: Subject) {
    let scene = Scene::new(log);
    let told = Policy::new("told").on(|failed: &EffectFailed, context, then| {
        assert_eq!(context.causation().unwrap().index, 0);
        then.record::<Note>("alerts", wrote(failed.error.as_str()))?;
        Ok(())
    });
    scene.outside.fail("a", true);
    let effect = scene.outside.effect(Start::Beginning);
    let bus = scene.builder(scene.log.shared()).policy(told).effect(effect).open().unwrap();
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    scene.at(10);
    bus.catch_up().unwrap();
    assert_eq!(note(&bus, "alerts").texts(), ["nobody takes a 1"; 2]);
}

fn a_name_is_for_one_effect(log: Subject) {
    let scene = Scene::new(log);
    let effect = || scene.outside.effect(Start::Beginning);
    let twice = Bus::builder(scene.log.shared()).effect(effect()).effect(effect()).open();
    assert!(matches!(twice, Err(OpenError::Repeated { what: "effects", .. })), "{twice:?}");
    let long = Effect::new("x".repeat(510), Start::Now).on(|_: &Added, _, _| Ok(()));
    let long = Bus::builder(scene.log.shared()).effect(long).open();
    assert!(matches!(long, Err(OpenError::InvalidName(_))), "{long:?}");
    let longest = Effect::new("x".repeat(505), Start::Now)
        .on(|_: &Added, _, _| -> Result<(), HandlerError> { Err("no".into()) });
    let bus = Bus::builder(scene.log.shared()).effect(longest).open().unwrap();
    bus.catch_up().unwrap();
    add(&bus, &"y".repeat(512), 1);
    bus.catch_up().unwrap();
    assert_eq!(scene.acts(), ["failed"]);
}

fn a_thread_wakes_when_something_is_due(log: Subject) {
    let scene = Scene::new(log);
    let (called, calls) = mpsc::channel();
    let back_off = BackOff { first: Duration::from_secs(10), jitter: 0, ..BackOff::default() };
    let effect =
        Effect::new("mail", Start::Beginning).back_off(back_off).on(move |_: &Added, _, call| {
            called.send(call.attempt())?;
            if call.attempt() == 1 { Err("not yet".into()) } else { Ok(()) }
        });
    let bus = scene.builder(scene.log.shared()).effect(effect).open().unwrap();
    let running = bus.start().unwrap();
    add(&bus, "a", 1);
    let patient = Duration::from_secs(60);
    assert_eq!(calls.recv_timeout(patient), Ok(1));
    // By then the failure is on the log, and the thread is on its way to wait for the clock.
    while scene.rows() == 0 {
        std::thread::yield_now();
    }
    scene.at(20);
    assert_eq!(calls.recv_timeout(patient), Ok(2));
    running.stop(patient).unwrap();
}
