//! The streams of a category, in batches that nobody sees.

use vitae::store::EventStore;
use vitae::{Bus, Name};
use vitae_tests::{Draft, Subject};

use crate::support::*;

on_every_store! {
    every_stream_is_listed_once_in_order
    a_bus_lists_the_lives_of_a_lifecycle
}

fn every_stream_is_listed_once_in_order(log: Subject) {
    // More than a batch, and not a multiple of it.
    for start in (0..600).step_by(200) {
        let mut draft = Draft::new();
        for number in start..start + 200 {
            draft = draft.on(&format!("a/{:04}", 599 - number)).event("x", b"");
        }
        draft.on(&format!("b/{start}")).event("x", b"").must(&*log);
    }
    let store: &dyn EventStore = &*log;
    let ids = |category: &str| {
        let streams = store.streams_of(Name::new(category).unwrap());
        // One that repeats itself must not go on for ever.
        streams.map(|stream| stream.unwrap().to_string()).take(1_000).collect::<Vec<_>>()
    };
    assert_eq!(ids("a"), (0..600).map(|number| format!("a/{number:04}")).collect::<Vec<_>>());
    assert_eq!(ids("b"), ["b/0", "b/200", "b/400"]);
    assert_eq!(ids("c"), Vec::<String>::new());
    let mut one = store.streams_of(Name::new("b").unwrap());
    assert_eq!(one.by_ref().count(), 3);
    // A stream that begins later does not bring a finished listing back to life.
    Draft::new().on("b/9").event("x", b"").must(&*log);
    assert!(one.next().is_none());
}

fn a_bus_lists_the_lives_of_a_lifecycle(log: Subject) {
    let bus = Bus::open(log.shared()).unwrap();
    for guest in ["2", "1", "10"] {
        call(&bus, guest, "ada");
    }
    let ids = bus.streams::<Guest>().map(|stream| stream.unwrap().id().as_str().to_owned());
    assert_eq!(ids.take(9).collect::<Vec<_>>(), ["1", "10", "2"]);
}
