//! Loading, and recording in what was loaded.

use vitae::{LoadError, RecordReason};
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    a_life_that_has_not_begun_is_in_its_initial_state
    an_id_that_cannot_be_a_name_is_refused
    a_life_is_where_its_events_left_it
    a_life_is_sorted_by_its_state
    a_wrong_state_gives_the_aggregate_back
    an_illegal_event_gives_the_aggregate_back
    a_refused_event_gives_the_aggregate_back
    a_guard_is_not_asked_when_events_are_read
}

fn a_life_that_has_not_begun_is_in_its_initial_state(log: Subject) {
    let bus = bus(&log);
    let blank = bus.load::<Note>("a").unwrap();
    assert_eq!(blank.state(), &Note::Blank);
    assert_eq!((blank.version(), blank.recorded()), (None, 0));
    assert_eq!(blank.stream().to_string(), "note/a");
    let error = bus.load_existing::<Note>("a").unwrap_err();
    assert!(matches!(&error, LoadError::NotFound { stream } if stream == blank.stream()));
    assert_eq!(
        error.to_string(),
        "`note/a` does not exist; record its first event, or look at the id again"
    );
    write(&bus, "a", "x");
    assert!(bus.load_existing::<Note>("a").is_ok());
}

fn an_id_that_cannot_be_a_name_is_refused(log: Subject) {
    let bus = bus(&log);
    for id in ["", "a\0b", &"x".repeat(513)] {
        let error = bus.load::<Note>(id).unwrap_err();
        assert!(matches!(error, LoadError::InvalidId(_)), "{error:?}");
    }
    assert!(bus.load::<Note>("x".repeat(512)).is_ok());
}

fn a_life_is_where_its_events_left_it(log: Subject) {
    let bus = bus(&log);
    write(&bus, "a", "x");
    write(&bus, "b", "another");
    write(&bus, "a", "y");
    let loaded = self::bus(&log).load::<Note>("a").unwrap();
    assert_eq!(loaded.state().texts(), ["x", "y"]);
    assert_eq!(loaded.version(), Some(vitae_tests::version(2)));
    assert_eq!(loaded.recorded(), 0);
}

fn a_life_is_sorted_by_its_state(log: Subject) {
    let bus = bus(&log);
    let NoteTyped::Blank(blank) = bus.load::<Note>("a").unwrap().typed() else {
        panic!("another state");
    };
    let open = blank.record(wrote("x")).unwrap();
    assert_eq!(open.state().lines.len(), 1);
    let closed = open.record(wrote("y")).unwrap().record(Sealed).unwrap();
    assert_eq!(closed.recorded(), 3);
    assert_eq!(closed.state().lines.len(), 3);
    bus.commit(closed).unwrap();
    let NoteTyped::Closed(closed) = bus.load::<Note>("a").unwrap().typed() else {
        panic!("another state");
    };
    let closed = closed.untyped();
    assert_eq!(closed.state().texts(), ["x", "y", "sealed"]);
    assert!(closed.at::<Closed>().is_ok());
}

fn a_wrong_state_gives_the_aggregate_back(log: Subject) {
    let bus = bus(&log);
    let recorded = bus.load::<Note>("a").unwrap().record(wrote("x")).unwrap();
    let error = recorded.at::<Blank>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`note/a` is in state `Open`, not in `Blank`; match on `typed()` to handle every state"
    );
    let back = error.into_aggregate();
    assert_eq!((back.recorded(), back.state().texts()), (1, vec!["x"]));
    bus.commit(back).unwrap();
}

fn an_illegal_event_gives_the_aggregate_back(log: Subject) {
    let bus = bus(&log);
    let blank = bus.load::<Note>("a").unwrap();
    let error = blank.record(Sealed).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`Sealed` cannot happen in state `Blank` of `note`; what can: `Wrote`"
    );
    let RecordReason::Illegal(illegal) = error.reason() else {
        panic!("{error:?}");
    };
    assert_eq!((illegal.state(), illegal.event()), ("Blank", "Sealed"));
    let open = error.into_aggregate().record(wrote("x")).unwrap();
    let closed = open.record(Sealed).unwrap();
    let error = closed.record(Sealed).unwrap_err();
    assert!(error.to_string().contains("terminal"), "{error}");
    bus.commit(error.into_aggregate()).unwrap();
    assert_eq!(note(&bus, "a").texts(), ["x", "sealed"]);
}

fn a_refused_event_gives_the_aggregate_back(log: Subject) {
    let bus = bus(&log);
    let open = bus.load::<Note>("a").unwrap().record(wrote("x")).unwrap();
    let before = open.state().clone();
    let error = open.record(wrote("rude")).unwrap_err();
    assert_eq!(error.to_string(), "a note says nothing rude");
    assert!(matches!(error.reason(), RecordReason::Refused(_)));
    let open = error.into_aggregate();
    assert_eq!((open.state(), open.recorded()), (&before, 1));
    let open = open.at::<Open>().unwrap();
    let error = open.record(wrote("rude")).unwrap_err();
    assert!(matches!(error.reason(), RecordReason::Refused(_)));
    let open = error.into_aggregate();
    assert_eq!((Note::Open(open.state().clone()), open.recorded()), (before, 1));
    bus.commit(open).unwrap();
    assert_eq!(log_of(&*log), ["note/a note.write"]);
}

fn a_guard_is_not_asked_when_events_are_read(log: Subject) {
    let bus = bus(&log);
    write(&bus, "a", "x");
    let rude = postcard::to_allocvec(&wrote("rude")).unwrap();
    smuggle::<Note>(&*log, "a", ("note.write", 1), &rude);
    assert_eq!(note(&bus, "a").texts(), ["x", "rude"]);
    assert_eq!(note(&self::bus(&log), "a").texts(), ["x", "rude"]);
}
