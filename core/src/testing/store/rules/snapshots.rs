//! R1, R2, R6 and R13 for snapshots: kept in the commit, one for a stream, the newest.

#![allow(missing_docs)]

use crate::store::{AppendError, InvalidCommit, Snapshot};
use crate::testing::store::{Draft, Subject, stream, version};
use crate::{CommitId, EventId};

fn snapshot(id: &str, at: u64, state: &[u8]) -> Snapshot {
    Snapshot {
        stream: stream(id),
        version: version(at),
        event: EventId { commit: CommitId::from_bytes([9; 16]), index: u32::MAX },
        revision: u32::MAX,
        schema: "{\"struct\":[[\"é\",\"u8\"]]}".into(),
        state: state.to_vec(),
    }
}

fn keeping(mut draft: Draft, snapshot: &Snapshot) -> Draft {
    draft.0.snapshots.push(snapshot.clone());
    draft
}

/// An event in a stream.
fn moving(id: &str) -> Draft {
    Draft::new().on(id).event("x", b"")
}

fn kept(store: &Subject, id: &str) -> Option<Snapshot> {
    store.snapshot(&stream(id)).unwrap()
}

pub fn r01_a_snapshot_is_kept_with_its_events(mut store: Subject) {
    let (one, other) = (snapshot("a/1", 2, b"state"), snapshot("a/2", 1, b""));
    let draft = moving("a/1").event("x", b"").on("a/2").event("x", b"");
    keeping(keeping(draft, &one), &other).must(&*store);
    for _ in 0..2 {
        assert_eq!(kept(&store, "a/1"), Some(one.clone()));
        assert_eq!(kept(&store, "a/2"), Some(other.clone()));
        assert_eq!(kept(&store, "b/1"), None);
        assert_eq!(store.verify().unwrap(), 3);
        store.reopen();
    }
}

pub fn r01_a_commit_may_be_a_snapshot_alone(store: Subject) {
    moving("a/1").must(&*store);
    let receipt = keeping(Draft::new(), &snapshot("a/1", 1, b"1")).must(&*store);
    assert_eq!(receipt.positions, None);
    assert_eq!(kept(&store, "a/1"), Some(snapshot("a/1", 1, b"1")));
    assert_eq!(store.verify().unwrap(), 1);
}

pub fn r01_the_newest_snapshot_of_a_stream_is_kept(store: Subject) {
    for _ in 0..3 {
        moving("a/1").must(&*store);
    }
    let keep = |at, state: &[u8]| {
        keeping(Draft::new(), &snapshot("a/1", at, state)).must(&*store);
        kept(&store, "a/1").map(|kept| (kept.version.get(), kept.state)).unwrap()
    };
    assert_eq!(keep(2, b"2"), (2, b"2".to_vec()));
    // An older one changes nothing; another one of the same version takes its place.
    assert_eq!(keep(1, b"1"), (2, b"2".to_vec()));
    assert_eq!(keep(2, b"again"), (2, b"again".to_vec()));
    assert_eq!(keep(3, b"3"), (3, b"3".to_vec()));
}

pub fn r01_a_rejected_commit_keeps_no_snapshot(store: Subject) {
    moving("a/1").must(&*store);
    let stale = moving("a/1").row("v", b"k", crate::RowVersion::new(7), Some(b"w"));
    let error = keeping(stale, &snapshot("a/1", 2, b"")).try_on(&*store).unwrap_err();
    assert!(matches!(error, AppendError::StaleRow { .. }));
    assert_eq!(kept(&store, "a/1"), None);
}

pub fn r06_a_snapshot_is_content_of_its_commit(store: Subject) {
    let draft = keeping(moving("a/1"), &snapshot("a/1", 1, b"1"));
    draft.must(&*store);
    assert!(draft.must(&*store).already_appended);
    let mut other = draft;
    other.0.snapshots[0].state = b"2".to_vec();
    let error = other.try_on(&*store).unwrap_err();
    assert!(matches!(error, AppendError::IdempotencyConflict { .. }));
    assert_eq!(kept(&store, "a/1"), Some(snapshot("a/1", 1, b"1")));
}

pub fn r13_bad_snapshots_are_refused(store: Subject) {
    moving("a/1").must(&*store);
    let refusal = |draft: &Draft| match draft.try_on(&*store).unwrap_err() {
        AppendError::Invalid(invalid) => invalid,
        error => panic!("{error}"),
    };
    let once = keeping(moving("a/1"), &snapshot("a/1", 1, b""));
    let twice = refusal(&keeping(once, &snapshot("a/1", 2, b"")));
    assert_eq!(twice, InvalidCommit::RepeatedSnapshot { stream: stream("a/1") });
    // Of a version that the stream does not have after the commit.
    for ahead in [
        keeping(Draft::new(), &snapshot("a/1", 2, b"")),
        keeping(moving("a/1"), &snapshot("a/1", 3, b"")),
        keeping(moving("a/2"), &snapshot("a/1", 2, b"")),
        keeping(moving("a/1"), &snapshot("a/2", 1, b"")),
        keeping(Draft::new(), &snapshot("a/1", u64::MAX, b"")),
    ] {
        assert!(matches!(refusal(&ahead), InvalidCommit::OutOfRange { .. }));
    }
    let limit = 1 << 22;
    let mut largest = snapshot("a/1", 1, b"");
    largest.state = vec![0; limit - largest.schema.len()];
    let mut larger = largest.clone();
    larger.state.push(0);
    let too_large =
        InvalidCommit::SnapshotTooLarge { stream: stream("a/1"), size: limit + 1, limit };
    assert_eq!(refusal(&keeping(moving("a/1"), &larger)), too_large);
    assert_eq!(kept(&store, "a/1"), None);
    assert_eq!(store.verify().unwrap(), 1);
    keeping(Draft::new(), &largest).must(&*store);
    assert_eq!(kept(&store, "a/1"), Some(largest));
}
