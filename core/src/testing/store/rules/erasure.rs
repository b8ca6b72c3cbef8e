//! R11: what holds once a payload was erased.

#![allow(missing_docs)]

use crate::EventId;
use crate::store::{AppendError, EventStore, InvalidCommit, Page, Payload, Query, Read, Snapshot};

use crate::testing::store::{Draft, Subject, name, position, stream, version};

/// An act that erases the payloads at these positions.
fn act(positions: &[u64]) -> Draft {
    let mut draft = Draft::new().on("act/1").event("act", b"why");
    draft.0.erasures = positions.iter().copied().map(position).collect();
    draft
}

/// Three events, tagged, in one commit.
fn three() -> Draft {
    let draft = Draft::new().on("a/1").event("x", b"one").tag("t").event("x", b"two").tag("t");
    draft.on("b/1").event("y", b"three")
}

/// Everything of an event but its payload, and the payload if it is there.
fn stored(store: &dyn EventStore, read: Read) -> Vec<(String, Option<Vec<u8>>)> {
    let mut page = Page::new();
    store.read(&read, &mut page).unwrap();
    let all = page.iter().map(|event| {
        let tags: Vec<_> = event.tags().collect();
        let place = (event.position(), event.category(), event.stream(), event.version());
        let what = (event.kind(), event.kind_version(), event.id(), tags);
        let times = (event.occurred_at(), event.recorded_at());
        let sums = (event.checksum(), event.payload_digest());
        let payload = event.payload().ok().map(<[u8]>::to_vec);
        (format!("{place:?} {what:?} {times:?} {sums:?}"), payload)
    });
    all.collect()
}

pub fn r11_an_erased_payload_is_gone_and_everything_else_holds(mut store: Subject) {
    let draft = three();
    let receipt = draft.must(&*store);
    let before = stored(&*store, Read::log(Query::all()));
    assert!(before.iter().all(|(_, payload)| payload.is_some()));
    act(&[3, 1]).must(&*store);
    for _ in 0..2 {
        let after = stored(&*store, Read::log(Query::all()));
        assert_eq!(after.len(), 4);
        for ((was, payload), (is, left)) in before.iter().zip(&after) {
            assert_eq!(was, is);
            assert_eq!(left.is_some(), payload.as_deref() == Some(b"two"));
        }
        assert_eq!(after[3].1.as_deref(), Some(&b"why"[..]));
        let tagged = stored(&*store, Read::log(Query::tag(name("t"))));
        assert_eq!(tagged, after[..2]);
        let backwards = stored(&*store, Read::stream(stream("a/1")).backwards());
        assert_eq!(backwards, [after[1].clone(), after[0].clone()]);
        assert_eq!(store.verify().unwrap(), 4);
        assert_eq!(store.receipt(draft.0.id).unwrap().unwrap(), receipt);
        store.reopen();
    }
    // The commit whose payload is gone is still the same commit.
    assert_eq!(draft.must(&*store), receipt.repeated());
    assert_eq!(stored(&*store, Read::log(Query::all())).len(), 4);
}

pub fn r11_what_was_erased_may_be_erased_again(store: Subject) {
    three().must(&*store);
    let first = act(&[2]);
    let receipt = first.must(&*store);
    act(&[2, 1, 4]).must(&*store);
    let left = stored(&*store, Read::log(Query::all()));
    let left: Vec<_> = left.iter().map(|(_, payload)| payload.is_some()).collect();
    assert_eq!(left, [false, false, true, false, true]);
    assert_eq!(first.must(&*store), receipt.repeated());
    assert_eq!(store.verify().unwrap(), 5);
}

pub fn r11_a_payload_may_come_erased(mut store: Subject) {
    let whole = three();
    let mut erased = whole.clone();
    for event in &mut erased.0.events {
        event.payload = Payload::erased(event.payload.digest());
    }
    assert_eq!(whole.0.digest(), erased.0.digest());
    let receipt = erased.must(&*store);
    store.reopen();
    let left = stored(&*store, Read::log(Query::all()));
    assert!(left.iter().all(|(_, payload)| payload.is_none()));
    // Nothing brings it back.
    assert_eq!(whole.must(&*store), receipt.repeated());
    assert_eq!(stored(&*store, Read::log(Query::all())), left);
    assert_eq!(store.verify().unwrap(), 3);
}

pub fn r11_an_erasure_is_part_of_its_commit(store: Subject) {
    three().must(&*store);
    let before = stored(&*store, Read::log(Query::all()));
    let refused = act(&[1]).unless(Query::kinds([name("y")]), None);
    assert!(matches!(refused.try_on(&*store), Err(AppendError::ConditionFailed { .. })));
    let stale = act(&[1]).row("v", b"k", crate::RowVersion::new(7), None);
    assert!(matches!(stale.try_on(&*store), Err(AppendError::StaleRow { .. })));
    assert_eq!(stored(&*store, Read::log(Query::all())), before);
    // The same commit, but for what it erases, is another.
    let first = act(&[1]);
    first.must(&*store);
    for erasures in [&[][..], &[2], &[1, 2]] {
        let mut other = first.clone();
        other.0.erasures = erasures.iter().copied().map(position).collect();
        assert!(matches!(other.try_on(&*store), Err(AppendError::IdempotencyConflict { .. })));
    }
    assert!(stored(&*store, Read::log(Query::all()))[1].1.is_some());
}

pub fn r11_an_erasure_drops_the_snapshot_of_its_stream(mut store: Subject) {
    let mut draft = three();
    let snapshot = |id: &str, at| Snapshot {
        stream: stream(id),
        version: version(at),
        event: EventId { commit: draft.0.id, index: 0 },
        revision: 1,
        schema: "\"bytes\"".into(),
        state: b"one".to_vec(),
    };
    let (one, other) = (snapshot("a/1", 2), snapshot("b/1", 1));
    draft.0.snapshots = vec![one.clone(), other.clone()];
    draft.must(&*store);
    let kept = |store: &Subject, id| store.snapshot(&stream(id)).unwrap();
    let refused = act(&[1]).unless(Query::kinds([name("y")]), None);
    assert!(refused.try_on(&*store).is_err());
    assert_eq!(kept(&store, "a/1"), Some(one.clone()));
    act(&[1]).must(&*store);
    for _ in 0..2 {
        assert_eq!(kept(&store, "a/1"), None, "the state may hold what was erased");
        assert_eq!(kept(&store, "b/1"), Some(other.clone()), "of it nothing was erased");
        store.reopen();
    }
    // Nothing brings it back: whoever takes another may know what was erased.
    assert!(draft.must(&*store).already_appended);
    assert_eq!(kept(&store, "a/1"), None);
    let mut later = Draft::new();
    later.0.snapshots.push(Snapshot { version: version(1), ..one });
    later.must(&*store);
    assert_eq!(kept(&store, "a/1"), None);
}

pub fn r13_an_erasure_has_an_act_and_a_place(store: Subject) {
    three().must(&*store);
    let refusal = |draft: &Draft| match draft.try_on(&*store).unwrap_err() {
        AppendError::Invalid(invalid) => invalid,
        error => panic!("{error}"),
    };
    let mut silent = Draft::new().row("v", b"k", None, Some(b""));
    silent.0.erasures.push(position(1));
    assert_eq!(refusal(&silent), InvalidCommit::ErasureWithoutAct);
    let twice = InvalidCommit::RepeatedErasure { position: position(2) };
    assert_eq!(refusal(&act(&[2, 1, 2])), twice);
    // Not what stands behind the head, and not the act itself.
    for beyond in [4, 5, u64::MAX] {
        let refused = refusal(&act(&[1, beyond]));
        assert!(matches!(refused, InvalidCommit::OutOfRange { .. }), "{beyond}: {refused}");
    }
    let many: Vec<u64> = (1..=65_537).collect();
    assert!(matches!(refusal(&act(&many)), InvalidCommit::TooLarge { .. }));
    let left = stored(&*store, Read::log(Query::all()));
    assert_eq!(left.len(), 3);
    assert!(left.iter().all(|(_, payload)| payload.is_some()));
    assert_eq!(store.row(&name("v"), b"k").unwrap(), None);
}
