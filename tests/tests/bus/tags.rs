//! Tags: one read finds what belongs together, across streams.

use serde::{Deserialize, Serialize};
use vitae::store::{Query, Read};
use vitae::{Event, Lifecycle, RecordReason, Schema, tag};
use vitae_tests::{Subject, read_pages};

use crate::support::*;

on_every_store! {
    events_are_found_across_streams
    what_is_absent_gives_no_tag
    a_value_that_cannot_be_a_tag_is_refused
}

#[derive(Schema, Serialize, Deserialize, Clone, Debug)]
pub struct Place {
    pub session: String,
    pub room: Option<u32>,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "guest.come", tag = guest, tag = place.session, tag = place.room)]
pub struct Came {
    pub guest: String,
    pub place: Place,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "door.open", tag = session)]
pub struct Opened {
    pub session: Option<String>,
}

#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "guest")]
pub enum Guest {
    #[state(initial)]
    #[on(Came => Present)]
    Absent,
    #[on(Came => Present, Ended => Gone)]
    Present,
    #[state(terminal)]
    Gone,
}

impl GuestTransitions for Guest {}

#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "door")]
pub enum Door {
    #[state(initial)]
    #[on(Opened => Shut, Ended => Walled)]
    Shut,
    #[state(terminal)]
    Walled,
}

impl DoorTransitions for Door {}

fn came(guest: &str, session: &str, room: Option<u32>) -> Came {
    Came { guest: guest.to_owned(), place: Place { session: session.to_owned(), room } }
}

fn found(log: &Subject, field: &str, value: &str) -> Vec<(String, Vec<String>)> {
    let read = Read::log(Query::tag(tag(field, value).unwrap()));
    let seen = read_pages(&**log, read).into_iter();
    seen.map(|event| (event.stream, event.tags)).collect()
}

fn events_are_found_across_streams(log: Subject) {
    let bus = bus(&log);
    let come = |came: Came| {
        let guest = bus.load::<Guest>(&came.guest).unwrap();
        bus.commit(guest.record(came).unwrap()).unwrap();
    };
    come(came("ann", "s1", Some(3)));
    come(came("bob", "s2", Some(3)));
    let door = bus.load::<Door>("front").unwrap();
    let session = Some("s1".to_owned());
    let door = door.record(Opened { session }).unwrap();
    bus.commit(door).unwrap();
    come(came("bob", "s1", None));
    let streams = |field, value| -> Vec<String> {
        let found = found(&log, field, value).into_iter();
        found.map(|(stream, _)| stream).collect()
    };
    assert_eq!(streams("session", "s1"), ["guest/ann", "door/front", "guest/bob"]);
    assert_eq!(streams("room", "3"), ["guest/ann", "guest/bob"]);
    assert_eq!(streams("guest", "bob"), ["guest/bob", "guest/bob"]);
    assert!(streams("session", "s").is_empty());
    assert_eq!(found(&log, "guest", "ann")[0].1, ["guest:ann", "session:s1", "room:3"]);
}

fn what_is_absent_gives_no_tag(log: Subject) {
    let bus = bus(&log);
    let door = bus.load::<Door>("front").unwrap();
    bus.commit(door.record(Opened { session: None }).unwrap()).unwrap();
    let guest = bus.load::<Guest>("ann").unwrap();
    bus.commit(guest.record(came("ann", "s", None)).unwrap()).unwrap();
    let tags: Vec<_> = vitae_tests::read_all(&*log).into_iter().map(|event| event.tags).collect();
    assert_eq!(tags, [vec![], vec!["guest:ann".to_owned(), "session:s".to_owned()]]);
}

fn a_value_that_cannot_be_a_tag_is_refused(log: Subject) {
    let bus = bus(&log);
    for session in ["x".repeat(505), "a\0b".to_owned()] {
        let guest = bus.load::<Guest>("ann").unwrap();
        let error = guest.record(came("ann", &session, None)).unwrap_err();
        assert!(matches!(error.reason(), RecordReason::Tag { .. }), "{error:?}");
        let guest = error.into_aggregate().at::<Absent>().unwrap();
        let error = guest.record(came("ann", &session, None)).unwrap_err();
        assert!(matches!(error.reason(), RecordReason::Tag { .. }), "{error:?}");
        assert_eq!(error.into_aggregate().recorded(), 0);
    }
    // "session:" and 504 bytes are 512, the most there may be.
    let guest = bus.load::<Guest>("ann").unwrap();
    let longest = "x".repeat(504);
    bus.commit(guest.record(came("ann", &longest, None)).unwrap()).unwrap();
    assert_eq!(found(&log, "session", &longest).len(), 1);
}
