//! R1, R10 and R12: what commits together with events.

#![allow(missing_docs)]

use crate::GlobalPosition;
use crate::store::{
    AppendError, Checkpoint, Checksum, ExpectedVersion, InvalidCommit, Page, Query, Read, ReadError,
};

use crate::testing::store::{Draft, Subject, name, position, read_all, schema};

fn at(position: Option<GlobalPosition>) -> Checkpoint {
    Checkpoint { position, checksum: None, cursor: b"there".to_vec() }
}

pub fn r01_a_commit_is_all_or_nothing(mut store: Subject) {
    // The last thing that is looked at is wrong: nothing of what stands before may be left.
    let draft = Draft::new()
        .on("a/1")
        .event("x", b"1")
        .tag("t")
        .moving("c", None, at(None))
        .row("v", b"k", None, Some(b"w"))
        .row("v", b"l", crate::RowVersion::new(7), Some(b"w"));
    draft.try_on(&*store).unwrap_err();
    for _ in 0..2 {
        assert_eq!(store.head().unwrap(), None);
        assert_eq!(read_all(&*store), []);
        assert_eq!(store.streams(&name("a"), None, 9).unwrap(), []);
        assert_eq!(store.schemas().unwrap(), []);
        assert_eq!(store.checkpoint(&name("c")).unwrap(), None);
        assert_eq!(store.row(&name("v"), b"k").unwrap(), None);
        assert_eq!(store.receipt(draft.0.id).unwrap(), None);
        assert_eq!(store.verify().unwrap(), 0);
        store.reopen();
    }
}

pub fn r01_a_commit_spans_streams_checkpoints_and_rows(store: Subject) {
    Draft::new()
        .expecting("a/1", ExpectedVersion::NoStream)
        .event("x", b"1")
        .expecting("b/1", ExpectedVersion::NoStream)
        .event("y", b"2")
        .moving("c", None, at(Some(position(2))))
        .row("v", b"k", None, Some(b"w"))
        .row("v", b"", None, Some(b""))
        .must(&*store);
    assert_eq!(read_all(&*store).len(), 2);
    assert_eq!(store.checkpoint(&name("c")).unwrap(), Some(at(Some(position(2)))));
    assert_eq!(store.rows(&name("v"), b"", None, 9).unwrap().len(), 2);
}

pub fn r01_a_stale_row_rejects_its_commit_alone(store: Subject) {
    Draft::new().row("v", b"k", None, Some(b"1")).must(&*store);
    let first = store.row(&name("v"), b"k").unwrap().unwrap().version;
    Draft::new().row("v", b"k", Some(first), Some(b"2")).must(&*store);
    let second = store.row(&name("v"), b"k").unwrap().unwrap().version;
    assert!(second > first);
    for stale in [Some(first), None] {
        let error = Draft::new().row("v", b"k", stale, Some(b"3")).try_on(&*store).unwrap_err();
        assert!(matches!(error, AppendError::StaleRow { actual, .. } if actual == Some(second)));
    }
    Draft::new().row("v", b"l", None, Some(b"4")).must(&*store);
    assert_eq!(store.row(&name("v"), b"k").unwrap().unwrap().value, b"2");
}

pub fn r01_a_row_deleted_and_made_again_has_a_new_version(store: Subject) {
    let mut versions = Vec::new();
    for _ in 0..3 {
        Draft::new().row("v", b"k", None, Some(b"1")).must(&*store);
        let version = store.row(&name("v"), b"k").unwrap().unwrap().version;
        Draft::new().row("v", b"k", Some(version), None).must(&*store);
        assert_eq!(store.row(&name("v"), b"k").unwrap(), None);
        versions.push(version);
    }
    let mut unique = versions.clone();
    unique.dedup();
    assert_eq!(versions, unique);
    let error = Draft::new().row("v", b"k", Some(versions[0]), None).try_on(&*store).unwrap_err();
    assert!(matches!(error, AppendError::StaleRow { actual: None, .. }));
}

pub fn r01_the_rows_that_a_commit_puts_get_one_version(store: Subject) {
    let version = |view, key| store.row(&name(view), key).unwrap().unwrap().version;
    Draft::new().row("v", b"k", None, Some(b"1")).must(&*store);
    let before = version("v", b"k");
    let several = Draft::new().row("v", b"k", Some(before), Some(b"2")).row("v", b"l", None, None);
    several.row("v", b"m", None, Some(b"3")).row("w", b"", None, Some(b"4")).must(&*store);
    let after = version("v", b"k");
    assert!(after > before, "{after:?} is not newer than {before:?}");
    assert_eq!([version("v", b"m"), version("w", b"")], [after; 2]);
}

pub fn r01_a_row_that_is_not_there_may_be_expected_so(store: Subject) {
    let absent = Draft::new().row("v", b"k", None, None);
    let receipt = absent.must(&*store);
    assert_eq!(receipt.positions, None);
    assert_eq!(store.row(&name("v"), b"k").unwrap(), None);
    Draft::new().row("v", b"k", None, Some(b"1")).must(&*store);
    let error = Draft::new()
        .on("a/1")
        .event("x", b"")
        .row("v", b"k", None, None)
        .try_on(&*store)
        .unwrap_err();
    assert!(matches!(error, AppendError::StaleRow { .. }));
    assert_eq!(store.head().unwrap(), None);
    assert!(store.row(&name("v"), b"k").unwrap().is_some());
}

pub fn r01_rows_are_listed_in_bytewise_order(store: Subject) {
    let keys: [&[u8]; 6] = [b"", b"\0", b"a", b"a\0", b"a\xff", b"b"];
    for (index, key) in keys.iter().enumerate().rev() {
        Draft::new().row("v", key, None, Some(&[u8::try_from(index).unwrap()])).must(&*store);
        Draft::new().row("w", key, None, Some(b"other")).must(&*store);
    }
    let list = |prefix: &[u8], after: Option<&[u8]>, limit| {
        let rows = store.rows(&name("v"), prefix, after, limit).unwrap();
        rows.into_iter().map(|row| row.key).collect::<Vec<_>>()
    };
    assert_eq!(list(b"", None, 99), keys);
    assert_eq!(list(b"", None, 2), keys[..2]);
    assert_eq!(list(b"", Some(b""), 99), keys[1..]);
    assert_eq!(list(b"a", None, 99), keys[2..5]);
    assert_eq!(list(b"a", Some(b"a"), 99), keys[3..5]);
    assert_eq!(list(b"a", Some(b"0"), 99), keys[2..5]);
    assert_eq!(list(b"a", Some(b"b"), 99), [] as [&[u8]; 0]);
    assert_eq!(list(b"c", None, 99), [] as [&[u8]; 0]);
    assert_eq!(list(b"", None, 0), [] as [&[u8]; 0]);
    assert_eq!(store.rows(&name("u"), b"", None, 9).unwrap(), []);
}

pub fn r10_checkpoints_move_by_compare_and_set(mut store: Subject) {
    Draft::new().on("a/1").event("x", b"").event("x", b"").must(&*store);
    let (first, second) = (at(Some(position(1))), at(Some(position(2))));
    Draft::new().moving("c", None, first.clone()).must(&*store);
    store.reopen();
    let stale = Draft::new().moving("c", None, second.clone()).on("a/1").event("x", b"");
    let error = stale.try_on(&*store).unwrap_err();
    assert!(matches!(
        error,
        AppendError::CheckpointConflict { actual, .. } if actual.as_ref() == Some(&first)
    ));
    assert_eq!(store.head().unwrap(), Some(position(2)));
    let mut elsewhere = first.clone();
    elsewhere.checksum = Some(Checksum(u64::MAX));
    Draft::new().moving("c", Some(elsewhere), second.clone()).try_on(&*store).unwrap_err();
    Draft::new().moving("c", Some(first.clone()), second.clone()).must(&*store);
    assert_eq!(store.checkpoint(&name("c")).unwrap(), Some(second.clone()));
    // Backwards too: a rebuild begins anew.
    Draft::new().moving("c", Some(second), at(None)).must(&*store);
    assert_eq!(store.checkpoint(&name("c")).unwrap(), Some(at(None)));
    assert_eq!(store.checkpoint(&name("d")).unwrap(), None);
}

pub fn r10_a_checkpoint_never_points_behind_the_head(store: Subject) {
    let ahead = Draft::new().on("a/1").event("x", b"").moving("c", None, at(Some(position(2))));
    let error = ahead.try_on(&*store).unwrap_err();
    assert!(matches!(error, AppendError::Invalid(InvalidCommit::OutOfRange { .. })));
    assert_eq!(store.head().unwrap(), None);
    Draft::new().on("a/1").event("x", b"").moving("c", None, at(Some(position(1)))).must(&*store);
}

pub fn r10_a_checkpoint_of_another_log_has_diverged(store: Subject) {
    Draft::new().on("a/1").event("x", b"").must(&*store);
    let mut page = Page::new();
    store.read(&Read::log(Query::all()), &mut page).unwrap();
    let here = Checkpoint {
        checksum: page.iter().next().map(|event| event.checksum()),
        ..at(Some(position(1)))
    };
    let elsewhere = Checkpoint { checksum: Some(Checksum(7)), ..at(Some(position(1))) };
    Draft::new()
        .moving("here", None, here.clone())
        .moving("elsewhere", None, elsewhere)
        .must(&*store);
    assert_eq!(store.checkpoint(&name("here")).unwrap(), Some(here));
    let error = store.checkpoint(&name("elsewhere")).unwrap_err();
    assert!(matches!(
        error,
        ReadError::Diverged { checkpoint } if checkpoint == name("elsewhere")
    ));
    let lost = at(Some(position(2))).confirm(&name("lost"), &*store);
    assert!(matches!(lost, Err(ReadError::Diverged { .. })));
}

pub fn r11_verify_counts_the_events(store: Subject) {
    assert_eq!(store.verify().unwrap(), 0);
    for number in 0..50_u8 {
        let id = format!("a/{}", number % 7);
        Draft::new().on(&id).event("x", &[number]).tag("t").event("y", &[]).must(&*store);
    }
    assert_eq!(store.verify().unwrap(), 100);
}

pub fn r12_another_shape_under_one_name_is_refused(store: Subject) {
    let mut draft = Draft::new().on("a/1").event("x", b"1");
    draft.must(&*store);
    let mut other = Draft::new().on("a/2").event("y", b"").event("x", b"");
    other.0.schemas = vec![schema("y", "\"bytes\""), schema("x", "\"text\"")];
    match other.try_on(&*store).unwrap_err() {
        AppendError::SchemaMismatch { kind, stored, offered, .. } => {
            assert_eq!(kind, name("x"));
            assert_eq!((&*stored, &*offered), ("\"bytes\"", "\"text\""));
        }
        error => panic!("{error}"),
    }
    assert_eq!(store.schemas().unwrap().len(), 1, "a refused commit registers nothing");
    // Two shapes in one commit.
    let mut twice = Draft::new().on("a/2").event("z", b"");
    twice.0.schemas = vec![schema("z", "1"), schema("z", "2")];
    let error = twice.try_on(&*store).unwrap_err();
    assert!(matches!(error, AppendError::SchemaMismatch { .. }));
    // A new version may look as it likes.
    draft = Draft::new().on("a/1").event("x", b"");
    let second = crate::KindVersion::new(2).unwrap();
    draft.0.schemas[0].version = second;
    draft.0.schemas[0].schema = "\"text\"".into();
    draft.0.events[0].kind_version = second;
    draft.must(&*store);
}

pub fn r12_schemas_are_listed(mut store: Subject) {
    Draft::new().on("a/1").event("y", b"").event("x", b"").must(&*store);
    store.reopen();
    let wanted = [schema("x", "\"bytes\""), schema("y", "\"bytes\"")];
    assert_eq!(store.schemas().unwrap(), wanted);
}
