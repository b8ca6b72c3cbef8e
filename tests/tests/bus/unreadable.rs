//! An event that a lifecycle cannot take stops the reading, and the error says which.

use vitae::store::{EventStore, Page, Query, Read};
use vitae::{
    Bus, Catalog, CatalogError, CommitReason, DecodeError, FoldError, FoldReason, LoadError, Policy,
};
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    an_event_from_the_future
    an_unknown_kind
    bytes_that_do_not_decode
    an_event_without_an_edge
    an_erased_payload
    a_remembered_life_is_not_spoiled
    a_policy_that_meets_one_rejects_the_commit
    another_life_is_not_concerned
}

/// What loading note `a` stops with, once an event of this kind, version and payload is behind the
/// two that can be read.
fn stopped(log: &Subject, event: (&str, u32), payload: &[u8]) -> FoldError {
    write(&bus(log), "b", "elsewhere");
    write(&bus(log), "a", "x");
    smuggle::<Note>(&**log, "a", event, payload);
    let LoadError::Fold(error) = bus(log).load::<Note>("a").unwrap_err() else {
        panic!("another error");
    };
    assert_eq!(error.position.get(), 3);
    assert_eq!(error.stream.to_string(), "note/a");
    assert_eq!((error.kind.as_str(), error.kind_version.get()), event);
    let (kind, version) = event;
    assert_eq!(
        error.to_string(),
        format!("`note/a` cannot be read at position 3, `{kind}` version {version}")
    );
    *error
}

fn an_event_from_the_future(log: Subject) {
    let error = stopped(&log, ("note.write", 9), b"");
    let future = DecodeError::FromTheFuture { version: 9, known: 1 };
    assert!(matches!(error.reason, FoldReason::Decode(reason) if reason == future));
}

fn an_unknown_kind(log: Subject) {
    let error = stopped(&log, ("note.burn", 1), b"");
    assert!(matches!(error.reason, FoldReason::Decode(DecodeError::UnknownKind)));
}

fn bytes_that_do_not_decode(log: Subject) {
    let error = stopped(&log, ("note.write", 1), &[200]);
    assert!(matches!(error.reason, FoldReason::Decode(DecodeError::Malformed(_))));
    let bus = bus(&log);
    write(&bus, "c", "x");
    smuggle::<Note>(&*log, "c", ("note.write", 1), &[1, b'y', 0, 0]);
    let LoadError::Fold(error) = bus.load::<Note>("c").unwrap_err() else {
        panic!("another error");
    };
    let left_over = DecodeError::LeftOver { bytes: 2 };
    assert!(matches!(error.reason, FoldReason::Decode(reason) if reason == left_over));
}

fn an_event_without_an_edge(log: Subject) {
    smuggle::<Note>(&*log, "a", ("note.seal", 1), b"");
    let LoadError::Fold(error) = bus(&log).load::<Note>("a").unwrap_err() else {
        panic!("another error");
    };
    assert!(matches!(error.reason, FoldReason::Illegal(_)));
    assert!(error.reason.to_string().contains("the declaration has changed"));
}

fn an_erased_payload(log: Subject) {
    let double = Double::of(&log);
    let bus = Bus::open(double.clone()).unwrap();
    write(&self::bus(&log), "a", "x");
    double.erase();
    let LoadError::Fold(error) = bus.load::<Note>("a").unwrap_err() else {
        panic!("another error");
    };
    assert!(matches!(error.reason, FoldReason::Erased(_)));
    let store: &dyn EventStore = &*double;
    let mut page = Page::new();
    store.read(&Read::log(Query::all()), &mut page).unwrap();
    let event = page.iter().next().unwrap();
    let shown = Catalog::load(store).unwrap().render(&event);
    assert!(matches!(shown, Err(CatalogError::Erased(_))));
}

fn a_remembered_life_is_not_spoiled(log: Subject) {
    let bus = bus(&log);
    write(&bus, "a", "x");
    let before = bus.load::<Note>("a").unwrap().record(wrote("y")).unwrap();
    smuggle::<Note>(&*log, "a", ("note.write", 1), &postcard(&wrote("z")));
    smuggle::<Note>(&*log, "a", ("note.write", 9), b"");
    for _ in 0..2 {
        let LoadError::Fold(error) = bus.load::<Note>("a").unwrap_err() else {
            panic!("another error");
        };
        assert_eq!(error.position.get(), 3);
    }
    assert!(bus.commit(before).is_err());
    write(&bus, "b", "x");
    assert_eq!(note(&bus, "b").texts(), ["x"]);
}

fn postcard(event: &Wrote) -> Vec<u8> {
    postcard::to_allocvec(event).unwrap()
}

fn a_policy_that_meets_one_rejects_the_commit(log: Subject) {
    let copy = Policy::new("copy").on(|_: &Added, _, then| {
        then.record::<Note>("a", wrote("x"))?;
        Ok(())
    });
    let bus = Bus::builder(log.shared()).policy(copy).open().unwrap();
    smuggle::<Note>(&*log, "a", ("note.burn", 1), b"");
    let count = bus.load::<Count>("n").unwrap().record(Added { by: 1 }).unwrap();
    let error = bus.commit(count).unwrap_err();
    assert!(matches!(error.reason(), CommitReason::Policy { .. }), "{error:?}");
    assert_eq!(log_of(&*log).len(), 1);
}

fn another_life_is_not_concerned(log: Subject) {
    // A kind of another program, on a stream and in a category of its own.
    vitae_tests::Draft::new().on("relay/a").event("relay.open", &[9]).must(&*log);
    let bus = bus(&log);
    write(&bus, "a", "x");
    assert_eq!(note(&bus, "a").texts(), ["x"]);
    let mut page = Page::new();
    log.read(&Read::log(Query::all()), &mut page).unwrap();
    let event = page.iter().next().unwrap();
    assert_eq!((event.kind(), event.payload().unwrap()), ("relay.open", &[9][..]));
}
