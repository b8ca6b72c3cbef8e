//! R7: what became of a commit.

#![allow(missing_docs)]

use crate::CommitId;
use crate::store::{
    AppendError, Commit, EventStore, ExpectedVersion, InvalidCommit, Outcome, Receipt,
};
use crate::testing::store::{Draft, Subject, position, read_all};

pub fn r07_a_receipt_tells_what_became_of_a_commit(store: Subject) {
    let taken = Draft::new().on("a/1").event("x", b"1").event("x", b"2");
    let receipt = taken.must(&*store);
    assert_eq!(store.receipt(taken.0.id).unwrap(), Some(receipt));
    let without_event = Draft::new().row("v", b"k", None, Some(b""));
    let receipt = without_event.must(&*store);
    assert_eq!(receipt.positions, None);
    assert_eq!(store.receipt(without_event.0.id).unwrap(), Some(receipt));
    let refused = Draft::new().expecting("a/1", ExpectedVersion::NoStream).event("x", b"");
    let error = refused.try_on(&*store).unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotWritten);
    assert_eq!(store.receipt(refused.0.id).unwrap(), None);
    assert_eq!(store.receipt(CommitId::generate()).unwrap(), None);
}

pub fn r07_committing_and_appending_say_the_same(store: Subject) {
    type Way = fn(&dyn EventStore, Commit) -> Result<Receipt, AppendError>;
    let ways: [Way; 2] =
        [|store, commit| store.append(commit).wait(), |store, commit| store.commit(commit)];
    for (number, way) in (1..).zip(ways) {
        let new = |payload| {
            let id = format!("a/{number}");
            Draft::new().expecting(&id, ExpectedVersion::NoStream).event("x", payload)
        };
        let draft = new(b"1");
        let first = way(&*store, draft.0.clone()).unwrap();
        assert_eq!(first.positions, Some((position(number), position(number))));
        assert!(!first.already_appended);
        assert_eq!(store.receipt(draft.0.id).unwrap().as_ref(), Some(&first));
        let conflicting = new(b"2");
        let mut other = draft.clone();
        other.0.events[0].payload = b"2".to_vec().into();
        for again in ways {
            assert_eq!(again(&*store, draft.0.clone()).unwrap(), first.clone().repeated());
            let refused = |draft: &Draft| again(&*store, draft.0.clone()).unwrap_err();
            assert!(matches!(refused(&conflicting), AppendError::Conflict { .. }));
            assert!(matches!(refused(&other), AppendError::IdempotencyConflict { .. }));
            let empty = refused(&Draft::new());
            assert!(matches!(empty, AppendError::Invalid(InvalidCommit::Empty)), "{empty}");
        }
    }
    assert_eq!(store.verify().unwrap(), 2);
}

pub fn r07_after_an_unknown_outcome_nothing_is_taken_until_reopened(mut store: Subject) {
    // The hook opens the log itself.
    drop(store.close());
    let Some(failing) = &store.backend().failing else {
        return store.skip("the backend has no hook `failing`");
    };
    let failing = failing(&store.place().path());
    let before = Draft::new().on("a/1").event("x", b"before");
    before.must(&*failing.store);
    (failing.fail)();
    let lost = Draft::new().on("a/1").event("x", b"lost");
    let error = lost.try_on(&*failing.store).unwrap_err();
    assert!(matches!(error, AppendError::OutcomeUnknown { commit, .. } if commit == lost.0.id));
    let next = Draft::new().on("a/1").event("x", b"next");
    let error = next.try_on(&*failing.store).unwrap_err();
    assert!(matches!(error, AppendError::Closed), "{error}");
    let error = lost.try_on(&*failing.store).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "of a commit that may be there: {error}");
    drop(failing);
    if !store.persists() {
        return;
    }
    store.reopen();
    // Now the log says what became of it, and the same commit again comes to the same.
    let found = store.receipt(lost.0.id).unwrap();
    assert_eq!(lost.must(&*store).already_appended, found.is_some());
    assert_eq!(store.receipt(next.0.id).unwrap(), None, "of a refused commit nothing is written");
    next.must(&*store);
    let payloads: Vec<_> = read_all(&*store).into_iter().map(|seen| seen.payload).collect();
    assert_eq!(payloads, [&b"before"[..], b"lost", b"next"]);
    assert_eq!(store.verify().unwrap(), 3);
}
