//! What shares the fate of a commit.

use vitae::store::{AppendError, Checkpoint, CheckpointMove, Condition, Query, RowChange};
use vitae::{Alongside, Bus, CommitReason, Policy, Projection};
use vitae_tests::{Subject, name, position};

use crate::support::*;

on_every_store! {
    checkpoints_and_rows_move_with_the_events
    a_stale_checkpoint_rejects_everything
    a_stale_row_is_the_callers
    a_condition_that_fails_rejects_everything
    it_stays_with_a_commit_that_is_tried_again
    it_needs_no_aggregate
}

fn checkpoint(cursor: &str) -> Checkpoint {
    Checkpoint { position: None, checksum: None, cursor: cursor.as_bytes().to_vec() }
}

fn moving(from: Option<&str>, to: &str) -> CheckpointMove {
    CheckpointMove { name: name("reader"), from: from.map(checkpoint), to: checkpoint(to) }
}

fn row(value: &[u8]) -> RowChange {
    RowChange {
        view: name("loose"),
        key: b"k".to_vec(),
        expected: None,
        value: Some(value.to_vec()),
    }
}

fn recorded(bus: &Bus, id: &str) -> vitae::Aggregate<Note> {
    bus.load::<Note>(id).unwrap().record(wrote(id)).unwrap()
}

fn cursor(log: &Subject) -> Option<Vec<u8>> {
    let checkpoint = log.checkpoint(&name("reader")).unwrap();
    checkpoint.map(|checkpoint| checkpoint.cursor)
}

fn checkpoints_and_rows_move_with_the_events(log: Subject) {
    let bus = bus(&log);
    let alongside = Alongside::new().checkpoint(moving(None, "1")).row(row(&[7]));
    bus.commit_alongside(recorded(&bus, "a"), alongside).unwrap();
    assert_eq!(cursor(&log).unwrap(), b"1");
    assert_eq!(bus.view::<u8>("loose").unwrap().get("k").unwrap(), Some(7));
    let alongside = Alongside::new().checkpoint(moving(Some("1"), "2"));
    bus.commit_alongside(recorded(&bus, "b"), alongside).unwrap();
    assert_eq!(cursor(&log).unwrap(), b"2");
}

fn a_stale_checkpoint_rejects_everything(log: Subject) {
    let projection =
        Projection::new("seen").on(|event: &Wrote, _, rows| rows.put(event.text.as_str(), &true));
    let builder = Bus::builder(log.shared()).projection(projection);
    let bus = builder.open().unwrap();
    let once = || Alongside::new().checkpoint(moving(None, "1"));
    bus.commit_alongside(recorded(&bus, "a"), once()).unwrap();
    let alongside = once().row(row(&[1]));
    let error = bus.commit_alongside(recorded(&bus, "b"), alongside).unwrap_err();
    let CommitReason::Append(AppendError::CheckpointConflict { actual, .. }) = error.reason()
    else {
        panic!("{error:?}");
    };
    assert_eq!(actual, &Some(checkpoint("1")));
    assert_eq!(log_of(&*log).len(), 1);
    assert!(log.row(&name("loose"), b"k").unwrap().is_none());
    assert_eq!(bus.view::<bool>("seen").unwrap().get("b").unwrap(), None);
    bus.commit(error.into_aggregates()).unwrap();
}

fn a_stale_row_is_the_callers(log: Subject) {
    let double = Double::of(&log);
    let bus = Bus::open(double.clone()).unwrap();
    let first = Alongside::new().row(row(&[1]));
    bus.commit_alongside((), first.clone()).unwrap();
    let error = bus.commit_alongside(recorded(&bus, "a"), first).unwrap_err();
    assert!(matches!(error.reason(), CommitReason::Append(AppendError::StaleRow { .. })));
    assert_eq!(double.appends(), 2);
    assert!(log_of(&*log).is_empty());
}

fn a_condition_that_fails_rejects_everything(log: Subject) {
    let bus = bus(&log);
    write(&bus, "a", "x");
    let nothing_since = |after| {
        Alongside::new().condition(Condition { query: Query::category(name("note")), after })
    };
    let error = bus.commit_alongside(recorded(&bus, "b"), nothing_since(None)).unwrap_err();
    assert!(matches!(error.reason(), CommitReason::Append(AppendError::ConditionFailed { .. })));
    let b = error.into_aggregates();
    bus.commit_alongside(b, nothing_since(Some(position(1)))).unwrap();
}

fn it_stays_with_a_commit_that_is_tried_again(log: Subject) {
    let double = Double::of(&log);
    let copy = Policy::new("copy").on(|_: &Added, _, then| {
        then.record::<Note>("copy", wrote("x"))?;
        Ok(())
    });
    let bus = Bus::builder(double.clone()).policy(copy).open().unwrap();
    let other = self::bus(&log);
    double.sneak(move || write(&other, "copy", "theirs"));
    let count = bus.load::<Count>("n").unwrap().record(Added { by: 1 }).unwrap();
    let alongside = Alongside::new().checkpoint(moving(None, "1"));
    bus.commit_alongside(count, alongside).unwrap();
    assert_eq!((double.appends(), cursor(&log).unwrap()), (2, b"1".to_vec()));
}

fn it_needs_no_aggregate(log: Subject) {
    let bus = bus(&log);
    let alongside = Alongside::new().checkpoint(moving(None, "1"));
    let ((), receipt) = bus.commit_alongside((), alongside).unwrap();
    assert_eq!(receipt.positions, None);
    assert_eq!(cursor(&log).unwrap(), b"1");
    let none: Vec<vitae::Aggregate<Note>> = Vec::new();
    let alongside = Alongside::new().checkpoint(moving(Some("1"), "2"));
    bus.commit_alongside(none, alongside).unwrap();
    assert_eq!(cursor(&log).unwrap(), b"2");
}
