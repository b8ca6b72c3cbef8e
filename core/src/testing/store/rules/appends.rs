//! R2 to R6: what becomes of a commit.

#![allow(missing_docs)]

use crate::StreamVersion;
use crate::store::{AppendError, ExpectedVersion, Query, Read};

use crate::testing::store::{
    Draft, Subject, name, position, read_all, read_pages, stream, version,
};

pub fn r02_what_was_acknowledged_is_there_after_reopening(mut store: Subject) {
    if !store.persists() {
        return;
    }
    let log = store.log_id();
    let draft = Draft::new().on("a/1").event("x", b"1").tag("t").row("v", b"k", None, Some(b"w"));
    let receipt = draft.must(&*store);
    let before = read_all(&*store);
    store.reopen();
    assert_eq!(store.log_id(), log);
    assert_eq!(read_all(&*store), before);
    assert_eq!(store.row(&name("v"), b"k").unwrap().unwrap().value, b"w");
    assert_eq!(store.receipt(draft.0.id).unwrap().unwrap(), receipt);
    assert_eq!(draft.must(&*store), receipt.repeated());
    Draft::new()
        .expecting("a/1", ExpectedVersion::Exact(version(1)))
        .event("x", b"2")
        .must(&*store);
    assert_eq!(store.verify().unwrap(), 2);
}

pub fn r03_positions_have_no_gaps_and_follow_the_order_of_commits(store: Subject) {
    for number in 0..20_u64 {
        let receipt = Draft::new()
            .on("a/1")
            .event("x", b"1")
            .on("b/1")
            .event("x", b"2")
            .event("x", b"3")
            .must(&*store);
        let first = number * 3 + 1;
        assert_eq!(receipt.positions, Some((position(first), position(first + 2))));
        assert_eq!(store.head().unwrap(), Some(position(first + 2)));
        let refused = Draft::new().expecting("a/1", ExpectedVersion::NoStream).event("x", b"never");
        refused.try_on(&*store).unwrap_err();
        // A commit without an event takes no position.
        Draft::new().row("v", &number.to_be_bytes(), None, Some(b"")).must(&*store);
    }
    let positions: Vec<u64> = read_all(&*store).iter().map(|seen| seen.position).collect();
    assert_eq!(positions, (1..=60).collect::<Vec<_>>());
}

pub fn r04_versions_start_at_one_and_have_no_gaps(store: Subject) {
    // Events of two streams may stand in any order in a commit.
    let mut draft = Draft::new().on("a/1").event("x", b"a1").event("x", b"a2");
    draft = draft.on("a/2").event("x", b"b1").event("x", b"b2");
    draft.0.events.swap(1, 2);
    draft.must(&*store);
    Draft::new().on("a/2").event("x", b"b3").must(&*store);
    for (id, payloads) in [("a/1", vec!["a1", "a2"]), ("a/2", vec!["b1", "b2", "b3"])] {
        let seen = read_pages(&*store, Read::stream(stream(id)));
        let versions: Vec<u64> = seen.iter().map(|seen| seen.version).collect();
        assert_eq!(versions, (1..=seen.len() as u64).collect::<Vec<_>>());
        let found: Vec<_> = seen.iter().map(|seen| seen.payload.clone()).collect();
        assert_eq!(found, payloads.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>());
    }
    let order: Vec<_> = read_all(&*store).iter().map(|seen| seen.payload.clone()).collect();
    assert_eq!(order, [b"a1", b"b1", b"a2", b"b2", b"b3"].map(|text| text.to_vec()));
}

pub fn r05_a_mismatch_is_a_conflict_and_nothing_is_written(store: Subject) {
    let expecting = |expected, wanted: Option<StreamVersion>| {
        let before = read_all(&*store);
        let result = Draft::new().expecting("a/1", expected).event("x", b"").try_on(&*store);
        match (result, wanted) {
            (Ok(_), _) => panic!("{expected} was accepted"),
            (Err(AppendError::Conflict { stream: id, expected: said, actual }), wanted) => {
                assert_eq!((id, said, actual), (stream("a/1"), expected, wanted));
            }
            (Err(error), _) => panic!("{error}"),
        }
        assert_eq!(read_all(&*store), before);
    };
    expecting(ExpectedVersion::StreamExists, None);
    expecting(ExpectedVersion::Exact(version(1)), None);
    let accepted = |expected| {
        Draft::new().expecting("a/1", expected).event("x", b"").must(&*store);
    };
    accepted(ExpectedVersion::NoStream);
    accepted(ExpectedVersion::StreamExists);
    accepted(ExpectedVersion::Exact(version(2)));
    accepted(ExpectedVersion::Any);
    expecting(ExpectedVersion::NoStream, Some(version(4)));
    expecting(ExpectedVersion::Exact(version(3)), Some(version(4)));
    expecting(ExpectedVersion::Exact(version(5)), Some(version(4)));
    assert_eq!(store.streams(&name("a"), None, 9).unwrap(), [stream("a/1")]);
}

pub fn r05_the_first_stream_that_differs_is_named(store: Subject) {
    let error = Draft::new()
        .expecting("a/1", ExpectedVersion::NoStream)
        .event("x", b"")
        .expecting("a/2", ExpectedVersion::StreamExists)
        .event("x", b"")
        .expecting("a/3", ExpectedVersion::StreamExists)
        .event("x", b"")
        .try_on(&*store)
        .unwrap_err();
    assert!(matches!(error, AppendError::Conflict { stream: id, .. } if id == stream("a/2")));
}

pub fn r06_the_same_commit_again_gives_the_first_receipt(mut store: Subject) {
    let draft = Draft::new()
        .expecting("a/1", ExpectedVersion::NoStream)
        .event("x", b"1")
        .unless(Query::kinds([name("x")]), None)
        .row("v", b"k", None, Some(b"w"));
    let first = draft.must(&*store);
    assert!(!first.already_appended);
    Draft::new().on("a/1").event("x", b"2").must(&*store);
    // Nothing of it would be accepted now: the repetition is noticed before.
    for _ in 0..2 {
        assert_eq!(draft.must(&*store), first.clone().repeated());
        store.reopen();
    }
    assert_eq!(read_all(&*store).len(), 2);
}

pub fn r06_the_same_id_with_other_content_is_refused(store: Subject) {
    let draft = Draft::new().on("a/1").event("x", b"1");
    draft.must(&*store);
    let mut other = draft.clone();
    other.0.events[0].payload = b"2".to_vec().into();
    let mut longer = draft.clone();
    longer = longer.row("v", b"k", None, None);
    for other in [other, longer] {
        let error = other.try_on(&*store).unwrap_err();
        assert!(
            matches!(error, AppendError::IdempotencyConflict { commit } if commit == draft.0.id)
        );
    }
    assert_eq!(read_all(&*store).len(), 1);
}

pub fn r05_what_is_only_expected_is_checked_and_makes_no_stream(store: Subject) {
    let looking =
        |expected| Draft::new().expecting("a/looked-at", expected).on("a/1").event("x", b"");
    let exact = ExpectedVersion::Exact(version(1));
    let error = looking(exact).try_on(&*store).unwrap_err();
    assert!(matches!(
        error,
        AppendError::Conflict { stream: conflict, actual: None, .. }
            if conflict == stream("a/looked-at")
    ));
    looking(ExpectedVersion::NoStream).must(&*store);
    assert_eq!(store.streams(&name("a"), None, 9).unwrap(), [stream("a/1")]);
    Draft::new().on("a/looked-at").event("x", b"").must(&*store);
    looking(exact).must(&*store);
    assert!(looking(ExpectedVersion::NoStream).try_on(&*store).is_err());
    assert_eq!(store.verify().unwrap(), 3);
}
