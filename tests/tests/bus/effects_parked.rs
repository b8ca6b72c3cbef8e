//! Parked events: looked at, retried, given up.

use std::error::Error;
use std::fmt;

use vitae::{Effect, EffectGivenUp, ParkedError, Policy, Start};
use vitae_tests::{Subject, stream};

use crate::support::*;

on_every_store! {
    after_so_many_tries_it_is_parked
    it_is_tried_anew_when_somebody_says_so
    it_is_given_up_when_somebody_says_so
    each_retry_is_a_try_of_its_own
    nothing_is_decided_on_what_is_not_parked
    what_comes_behind_it_meanwhile_is_no_obstacle
    all_of_them_are_listed
    an_error_is_told_with_its_causes_and_is_bounded
    two_effects_do_not_know_each_other
    a_decision_is_made_by_any_bus_and_heard_by_policies
}

/// A count whose first number of three is parked.
fn parked(log: Subject) -> Scene {
    let scene = Scene::new(log);
    scene.outside.fail("a 1", true);
    let bus = scene.bus();
    for by in 1..=3 {
        add(&bus, "a", by);
    }
    for at in [0, 10, 30, 60] {
        scene.at(at);
        bus.catch_up().unwrap();
    }
    assert_eq!(scene.outside.heard(), ["a 1: 1", "a 1: 2", "a 1: 3", "a 1: 4"]);
    scene
}

fn after_so_many_tries_it_is_parked(log: Subject) {
    let mut scene = parked(log);
    scene.log.reopen();
    let bus = scene.bus();
    scene.at(1_000_000);
    add(&bus, "b", 1);
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["b 1: 1"]);
    let all = bus.parked("mail").unwrap();
    let one = all.get(&stream("count/a")).unwrap().unwrap();
    let told = (one.position.get(), one.kind.as_str(), one.attempts, one.error.as_str());
    assert_eq!(told, (1, "count.add", 4, "nobody takes a 1"));
    assert_eq!((one.since, one.waiting, &one.stream), (seconds(1_060), 2, &stream("count/a")));
    assert_eq!(all.list().map(Result::unwrap).collect::<Vec<_>>(), [one]);
    assert_eq!(scene.acts(), ["failed", "held", "held", "failed", "failed", "parked"]);
}

fn it_is_tried_anew_when_somebody_says_so(log: Subject) {
    let scene = parked(log);
    let bus = scene.bus();
    let all = bus.parked("mail").unwrap();
    all.retry(&stream("count/a")).unwrap();
    assert_eq!(all.list().count(), 0);
    bus.catch_up().unwrap();
    // It fails, and waits as if it were new.
    assert_eq!(scene.outside.heard(), ["a 1: 1"]);
    scene.outside.fail("a 1", false);
    scene.at(69);
    bus.catch_up().unwrap();
    assert!(scene.outside.heard().is_empty());
    scene.at(70);
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 1: 2", "a 2: 1", "a 3: 1"]);
    assert_eq!(scene.acts()[6..], ["retried", "failed", "delivered", "delivered", "delivered"]);
    assert_eq!(scene.rows(), 0);
}

fn it_is_given_up_when_somebody_says_so(log: Subject) {
    let scene = parked(log);
    let bus = scene.bus();
    let all = bus.parked("mail").unwrap();
    all.give_up(&stream("count/a"), "nobody will ever take it").unwrap();
    bus.catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 2: 1", "a 3: 1"]);
    assert_eq!(scene.acts()[6..], ["given_up", "delivered", "delivered"]);
    assert_eq!((scene.rows(), all.list().count()), (0, 0));
}

fn each_retry_is_a_try_of_its_own(log: Subject) {
    let scene = Scene::new(log);
    scene.outside.fail("a 1", true);
    let once = scene.outside.effect(Start::Beginning).attempts(1);
    let bus = scene.builder(scene.log.shared()).effect(once).open().unwrap();
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    for _ in 0..2 {
        bus.parked("mail").unwrap().retry(&stream("count/a")).unwrap();
        bus.catch_up().unwrap();
    }
    assert_eq!(scene.outside.heard(), ["a 1: 1"; 3]);
    assert_eq!(scene.acts(), ["parked", "retried", "parked", "retried", "parked"]);
}

fn nothing_is_decided_on_what_is_not_parked(log: Subject) {
    let scene = parked(log);
    let bus = scene.bus();
    let is_not_parked = |decided| matches!(decided, Err(ParkedError::NotParked { .. }));
    let all = bus.parked("mail").unwrap();
    assert!(is_not_parked(all.retry(&stream("count/b"))));
    all.give_up(&stream("count/a"), "x").unwrap();
    assert!(is_not_parked(all.give_up(&stream("count/a"), "x")));
    assert!(is_not_parked(all.retry(&stream("count/a"))));
    assert_eq!(all.get(&stream("count/a")).unwrap(), None);
}

fn what_comes_behind_it_meanwhile_is_no_obstacle(log: Subject) {
    let scene = parked(log);
    let (double, other) = (Double::of(&scene.log), scene.bus());
    add(&other, "a", 4);
    double.sneak(move || other.catch_up().unwrap());
    let bus = scene.builder(double).open().unwrap();
    bus.parked("mail").unwrap().give_up(&stream("count/a"), "x").unwrap();
    scene.bus().catch_up().unwrap();
    assert_eq!(scene.outside.heard(), ["a 2: 1", "a 3: 1", "a 4: 1"]);
}

fn all_of_them_are_listed(log: Subject) {
    let scene = Scene::new(log);
    let effect = scene.outside.effect(Start::Beginning).attempts(1);
    let bus = scene.builder(scene.log.shared()).effect(effect).open().unwrap();
    let mut names = Vec::new();
    for nth in 0..300 {
        let id = format!("{nth:03}");
        scene.outside.fail(&id, true);
        add(&bus, &id, 1);
        names.push(id);
    }
    bus.catch_up().unwrap();
    let all = bus.parked("mail").unwrap();
    let mut listed: Vec<_> = all.list().map(|one| one.unwrap().stream.id().to_string()).collect();
    listed.sort();
    assert_eq!(listed, names);
}

fn an_error_is_told_with_its_causes_and_is_bounded(log: Subject) {
    #[derive(Debug)]
    struct Because(String, Option<Box<Because>>);
    impl fmt::Display for Because {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&self.0)
        }
    }
    impl Error for Because {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self.1.as_deref()?)
        }
    }
    let scene = Scene::new(log);
    let effect = Effect::new("mail", Start::Beginning).attempts(1).on(|event: &Added, _, _| {
        let deepest = if event.by == 1 { "no stamps".to_owned() } else { "ä".repeat(600) };
        let middle = Because("no letter".to_owned(), Some(Because(deepest, None).into()));
        Err(Because("no mail".to_owned(), Some(middle.into())).into())
    });
    let bus = scene.builder(scene.log.shared()).effect(effect).open().unwrap();
    add(&bus, "a", 1);
    add(&bus, "b", 2);
    bus.catch_up().unwrap();
    let all = bus.parked("mail").unwrap();
    let error = |id| all.get(&stream(id)).unwrap().unwrap().error;
    assert_eq!(error("count/a"), "no mail: no letter: no stamps");
    assert_eq!(error("count/b").len(), 1_024);
    assert!(error("count/b").ends_with('ä'));
}

fn two_effects_do_not_know_each_other(log: Subject) {
    let scene = Scene::new(log);
    let other = Effect::new("mail2", Start::Beginning).on(|_: &Added, _, _| Ok(()));
    let effect = scene.outside.effect(Start::Beginning).attempts(1);
    let bus = scene.builder(scene.log.shared()).effect(effect).effect(other).open().unwrap();
    scene.outside.fail("a", true);
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    assert_eq!(bus.parked("mail").unwrap().list().count(), 1);
    for other in ["mail2", "mai", "m"] {
        let other = bus.parked(other).unwrap();
        assert_eq!(other.list().count(), 0);
        assert_eq!(other.get(&stream("count/a")).unwrap(), None);
    }
}

fn a_decision_is_made_by_any_bus_and_heard_by_policies(log: Subject) {
    let scene = parked(log);
    let told = Policy::new("told").on(|event: &EffectGivenUp, _, then| {
        then.record::<Note>("alerts", wrote(event.reason.as_str()))?;
        Ok(())
    });
    let desk = scene.builder(scene.log.shared()).policy(told).open().unwrap();
    desk.parked("mail").unwrap().give_up(&stream("count/a"), "too late").unwrap();
    assert_eq!(note(&desk, "alerts").texts(), ["too late"]);
}
