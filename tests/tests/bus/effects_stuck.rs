//! What stands in the way of one entity of an effect stands in nobody else's.

use std::ops::ControlFlow;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vitae::store::{Commit, ExpectedVersion, NewEvent, Query, Read, ReadError, StreamAppend};
use vitae::{
    Bus, CommitId, Effect, EffectDelivered, HandlerError, KindVersion, Policy, Start, StreamId,
};
use vitae_tests::{Subject, name, schema, stream};

use crate::support::*;

on_every_store! {
    an_erased_failure_is_tried_again
    an_erased_parked_event_is_still_parked
    whatever_is_erased_the_same_is_delivered
    a_life_that_cannot_be_read_keeps_nobody_back
    a_try_that_nobody_lets_be_recorded_keeps_nobody_back
    two_threads_of_one_bus_call_one_after_the_other
}

/// Erases every act of an effect that is on the log.
fn erase_acts(bus: &Bus) {
    let mut acts = Vec::new();
    let visited = bus.store().visit(Read::log(Query::all()), |event| {
        if event.category() == "vitae.effect" && event.payload().is_ok() {
            acts.push(event.position());
        }
        Ok::<_, ReadError>(ControlFlow::Continue(()))
    });
    visited.unwrap();
    if !acts.is_empty() {
        bus.erase(acts, "it said too much", "ada").unwrap();
    }
}

fn an_erased_failure_is_tried_again(log: Subject) {
    let scene = Scene::new(log);
    scene.outside.fail("a", true);
    let bus = scene.bus();
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    erase_acts(&bus);
    for bus in [bus, scene.bus()] {
        add(&bus, "b", 1);
        add(&bus, "a", 2);
        bus.catch_up().unwrap();
    }
    // When the next try was due is not known any more: it is made at once.
    assert_eq!(scene.outside.heard(), ["a 1: 1", "b 1: 1", "a 1: 2", "b 1: 1"]);
    erase_acts(&scene.bus());
    scene.at(20);
    scene.outside.fail("a", false);
    scene.bus().catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 1: 3", "a 2: 1", "a 2: 1"]);
    assert_eq!(scene.rows(), 0);
}

fn an_erased_parked_event_is_still_parked(log: Subject) {
    let scene = Scene::new(log);
    scene.outside.fail("a 1", true);
    let bus = scene.bus();
    (1..=3).for_each(|by| add(&bus, "a", by));
    for at in [0, 10, 30, 60] {
        scene.at(at);
        bus.catch_up().unwrap();
    }
    let before = bus.parked("mail").unwrap().get(&stream("count/a")).unwrap().unwrap();
    erase_acts(&bus);
    let bus = scene.bus();
    let parked = bus.parked("mail").unwrap();
    let mut after = parked.get(&stream("count/a")).unwrap().unwrap();
    assert_eq!(after.error, "what went wrong was erased");
    after.error.clone_from(&before.error);
    assert_eq!(after, before);
    assert_eq!(parked.list().map(|one| one.unwrap().stream).collect::<Vec<_>>(), [before.stream]);
    scene.outside.take();
    add(&bus, "a", 4);
    bus.catch_up().unwrap();
    parked.retry(&stream("count/a")).unwrap();
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 1: 1"]);
    scene.outside.fail("a 1", false);
    scene.at(70);
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 1: 2", "a 2: 1", "a 3: 1", "a 4: 1"]);
    assert_eq!(scene.rows(), 0);
}

/// One stream fails, is parked, tried anew, parked again and given up, with others behind it.
fn whatever_is_erased_the_same_is_delivered(log: Subject) {
    let scene = Scene::new(log);
    ["a 1", "a 3"].iter().for_each(|what| scene.outside.fail(what, true));
    let mut numbers = 1..;
    let mut step = |act: &dyn Fn(&Bus)| {
        add(&scene.bus(), "a", numbers.next().unwrap());
        scene.bus().catch_up().unwrap();
        act(&scene.bus());
        scene.bus().catch_up().unwrap();
        erase_acts(&scene.bus());
    };
    for at in [0, 100, 200, 300] {
        step(&|_| scene.at(at));
    }
    let heard = scene.outside.heard();
    assert_eq!(heard, ["a 1: 1", "a 1: 2", "a 1: 3", "a 1: 4"]);
    step(&|bus| {
        bus.parked("mail").unwrap().retry(&stream("count/a")).unwrap();
    });
    for at in [400, 500, 600] {
        step(&|_| scene.at(at));
    }
    step(&|bus| {
        bus.parked("mail").unwrap().give_up(&stream("count/a"), "x").unwrap();
    });
    let heard = scene.outside.heard();
    assert_eq!(heard, ["a 1: 1", "a 1: 2", "a 1: 3", "a 1: 4", "a 2: 1", "a 3: 1"]);
    scene.outside.fail("a 3", false);
    step(&|_| scene.at(700));
    let rest: Vec<_> = (4..=10).map(|by| format!("a {by}: 1")).collect();
    assert_eq!(scene.outside.heard(), [&["a 3: 2".to_owned()][..], &rest].concat());
    assert_eq!(scene.rows(), 0);
}

/// Puts an act of a version that nobody knows yet behind those of the only life there is.
fn unreadable(bus: &Bus) {
    let mut life = None;
    let failed = Query::kinds([name("vitae.effect.failed")]);
    let visited = bus.store().visit(Read::log(failed), |event| {
        life = Some(StreamId::new(event.category(), event.stream()).unwrap());
        Ok::<_, ReadError>(ControlFlow::Break(()))
    });
    visited.unwrap();
    let mut commit = Commit::new(CommitId::generate());
    let mut newer = schema("vitae.effect.failed", "\"bytes\"");
    newer.version = KindVersion::new(9).unwrap();
    commit.streams.push(StreamAppend { id: life.unwrap(), expected: ExpectedVersion::Any });
    commit.events.push(NewEvent {
        stream: 0,
        kind: newer.kind.clone(),
        kind_version: newer.version,
        occurred_at: seconds(1_000),
        correlation: commit.id,
        causation: None,
        tags: Default::default(),
        metadata: Default::default(),
        payload: Vec::new().into(),
    });
    commit.schemas.push(newer);
    bus.store().commit(commit).unwrap();
}

fn a_life_that_cannot_be_read_keeps_nobody_back(log: Subject) {
    let scene = Scene::new(log);
    scene.outside.fail("a", true);
    scene.outside.fail("b", true);
    let bus = scene.bus();
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    unreadable(&bus);
    scene.at(1);
    add(&bus, "b", 1);
    bus.catch_up().unwrap();
    scene.outside.take();
    scene.outside.fail("b", false);
    scene.at(11);
    (0..40).for_each(|by| add(&bus, "c", by));
    // It says what is wrong, as often as it is asked.
    for _ in 0..2 {
        let stuck = bus.catch_up().unwrap_err();
        assert!(format!("{:?}", stuck.source).contains("vitae.effect.failed"), "{stuck:?}");
    }
    let heard = scene.outside.heard();
    assert_eq!((heard.len(), heard[0].as_str(), heard[40].as_str()), (41, "b 1: 2", "c 39: 1"));
}

fn a_try_that_nobody_lets_be_recorded_keeps_nobody_back(log: Subject) {
    let scene = Scene::new(log);
    let jealous = Policy::new("jealous").on(|event: &EffectDelivered, _, _| {
        if event.position < 3 { Err("not this one".into()) } else { Ok(()) }
    });
    let effect = scene.outside.effect(Start::Beginning);
    let bus = scene.builder(scene.log.shared()).policy(jealous).effect(effect).open().unwrap();
    for (at, id) in (0..).zip(["a", "b", "c"]) {
        scene.at(at);
        scene.outside.fail(id, true);
        add(&bus, id, 1);
    }
    bus.catch_up().unwrap();
    scene.outside.take();
    ["a", "b", "c"].iter().for_each(|id| scene.outside.fail(id, false));
    scene.at(30);
    bus.catch_up().unwrap_err();
    bus.catch_up().unwrap_err();
    // What went well is not done again because it cannot be said.
    let mut heard = scene.outside.heard();
    heard.sort();
    assert_eq!(heard, ["a 1: 2", "b 1: 2", "c 1: 2"]);
    assert_eq!(scene.rows(), 2);
}

fn two_threads_of_one_bus_call_one_after_the_other(log: Subject) {
    let scene = Scene::new(log);
    let patient = Duration::from_secs(60);
    let (entered, entries) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&heard);
    let effect = Effect::new("mail", Start::Beginning).on(move |event: &Added, _, call| {
        told.lock().unwrap().push((event.by, call.attempt()));
        match (event.by, call.attempt()) {
            (4, 1) => Err(HandlerError::from("not yet")),
            (4, _) => {
                entered.send(())?;
                released.lock().unwrap().recv_timeout(patient)?;
                Ok(())
            }
            _ => Ok(()),
        }
    });
    let bus = scene.builder(scene.log.shared()).effect(effect).open().unwrap();
    add(&bus, "a", 4);
    bus.catch_up().unwrap();
    add(&bus, "a", 5);
    scene.at(100);
    let threads = [bus.clone(), bus].map(|bus| std::thread::spawn(move || bus.catch_up()));
    entries.recv_timeout(patient).unwrap();
    // The other one has time to come to it too, if it may.
    let both = entries.recv_timeout(Duration::from_millis(300));
    // Nobody may be left to hear the second.
    for _ in 0..2 {
        let _ = release.send(());
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
    assert_eq!(both, Err(RecvTimeoutError::Timeout));
    assert_eq!(*heard.lock().unwrap(), [(4, 1), (4, 2), (5, 1)]);
}
