//! Following one life, and every life of a lifecycle.

use std::time::Duration;

use vitae::store::{Query, ReadError, Subscription};
use vitae::{Bus, GlobalPosition, InvalidName};
use vitae_tests::{Draft, Subject, name, position};

use crate::support::*;

on_every_store! {
    one_life_is_followed_from_its_first_event_to_what_comes
    a_life_is_followed_from_any_position_of_the_log
    a_life_that_has_not_begun_is_waited_for
    what_stands_before_damage_comes_first
    every_life_of_a_lifecycle_is_followed
    what_has_a_tag_or_a_kind_is_followed
    it_ends_with_the_store
}

const NOTHING: [u64; 0] = [];

/// What is there now: positions, in pages.
fn now(subscription: &mut Subscription) -> Vec<u64> {
    let mut all = Vec::new();
    while let Some(page) = subscription.next_timeout(Duration::ZERO).unwrap() {
        all.extend(page.iter().map(|event| event.position().get()));
    }
    all
}

fn one_life_is_followed_from_its_first_event_to_what_comes(log: Subject) {
    let bus = bus(&log);
    for _ in 0..5 {
        add(&bus, "a", 1);
        add(&bus, "b", 1);
    }
    let mut life = bus.subscribe_to::<Count>("a", None).unwrap().page_of(2);
    assert_eq!(now(&mut life), [1, 3, 5, 7, 9]);
    assert_eq!(life.position(), Some(position(10)), "that of another life is dealt with too");
    add(&bus, "b", 1);
    assert_eq!(now(&mut life), NOTHING);
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || life.next().unwrap().unwrap());
        add(&bus, "b", 1);
        add(&bus, "a", 1);
        let page = reader.join().unwrap();
        assert_eq!(page.iter().map(|event| event.position().get()).collect::<Vec<_>>(), [13]);
    });
}

fn a_life_is_followed_from_any_position_of_the_log(log: Subject) {
    let bus = bus(&log);
    // Of stream a: the positions 2, 4, 8, 9, 10, 16.
    for id in "bababbbaaabbbbba".chars() {
        add(&bus, &id.to_string(), 1);
    }
    let all = now(&mut bus.subscribe_to::<Count>("a", None).unwrap());
    assert_eq!(all, [2, 4, 8, 9, 10, 16]);
    for after in 1..=20 {
        let mut life = bus.subscribe_to::<Count>("a", Some(position(after))).unwrap();
        let behind: Vec<u64> = all.iter().copied().filter(|at| *at > after).collect();
        assert_eq!(now(&mut life), behind, "after {after}");
        assert_eq!(life.position(), Some(position(after.max(16))));
    }
    let mut end = bus.subscribe_to::<Count>("a", GlobalPosition::new(u64::MAX)).unwrap();
    assert_eq!(now(&mut end), NOTHING);
}

fn a_life_that_has_not_begun_is_waited_for(log: Subject) {
    let bus = bus(&log);
    add(&bus, "b", 1);
    for after in [None, Some(position(1)), Some(position(3))] {
        let mut life = bus.subscribe_to::<Count>("none", after).unwrap();
        assert_eq!(now(&mut life), NOTHING);
    }
    let mut life = bus.subscribe_to::<Count>("a", Some(position(1))).unwrap();
    assert_eq!(now(&mut life), NOTHING);
    add(&bus, "a", 1);
    assert_eq!(now(&mut life), [2]);
    assert_eq!(bus.subscribe_to::<Count>("", None).unwrap_err(), InvalidName::Empty);
}

fn what_stands_before_damage_comes_first(log: Subject) {
    (0..12).for_each(|_| add(&bus(&log), "a", 1));
    let double = Double::of(&log);
    double.damage(position(7));
    let bus = Bus::open(double).unwrap();
    for after in 0..7 {
        let life = bus.subscribe_to::<Count>("a", GlobalPosition::new(after)).unwrap();
        let (mut seen, mut ends) = (Vec::new(), Vec::new());
        for page in life {
            match page {
                Ok(page) => seen.extend(page.iter().map(|event| event.position().get())),
                Err(error) => ends.push(error),
            }
        }
        assert_eq!(seen, (after + 1..7).collect::<Vec<_>>(), "after {after}");
        assert!(matches!(ends[..], [ReadError::Damaged(_)]));
    }
}

fn every_life_of_a_lifecycle_is_followed(log: Subject) {
    let bus = bus(&log);
    add(&bus, "a", 1);
    write(&bus, "a", "one");
    add(&bus, "b", 1);
    Draft::new().on("other/a").event("x", b"").must(&*log);
    let mut counts = bus.subscribe(bus.events_of::<Count>().unwrap(), None);
    assert_eq!(now(&mut counts), [1, 3]);
}

fn what_has_a_tag_or_a_kind_is_followed(log: Subject) {
    let bus = bus(&log);
    let append = || {
        for (kind, tag) in [("x", "red"), ("y", "blue"), ("y", "red"), ("z", "redder")] {
            Draft::new().on("other/a").event(kind, b"").tag(tag).must(&*log);
        }
    };
    append();
    let mut red = bus.subscribe(Query::tag(name("red")), None).page_of(1);
    let mut kinds = bus.subscribe(Query::kinds(["x", "z"].map(name)), Some(position(1)));
    assert_eq!((now(&mut red), now(&mut kinds)), (vec![1, 3], vec![4]));
    append();
    assert_eq!((now(&mut red), now(&mut kinds)), (vec![5, 7], vec![5, 8]));
}

fn it_ends_with_the_store(mut log: Subject) {
    add(&bus(&log), "a", 1);
    let mut life = bus(&log).subscribe_to::<Count>("a", None).unwrap();
    assert_eq!(now(&mut life), [1]);
    drop(log.close());
    assert!(matches!(life.next(), Some(Err(ReadError::Closed))));
    assert!(life.next().is_none());
}
