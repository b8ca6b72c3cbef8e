//! A commit whose outcome is not known is tried again, and stands in the log exactly once.

use vitae::store::{AppendError, RowChange};
use vitae::{Alongside, Bus, CommitReason, Name, Policy};
use vitae_tests::{Subject, version};

use crate::support::*;

on_every_store! {
    a_try_that_was_written_is_found
    a_try_that_was_not_written_is_written
    it_is_found_over_a_store_that_was_opened_again
    others_may_have_gone_on_meanwhile
    what_was_recorded_since_is_not_taken_for_done
    what_joined_since_is_not_taken_for_done
    what_goes_alongside_now_is_not_taken_for_done
    each_of_several_aggregates_finds_the_try
    the_order_of_the_aggregates_may_change
    while_nobody_can_say_nothing_is_lost
    policies_may_see_another_log_when_it_is_tried_again
}

fn is_unknown(reason: &CommitReason) -> bool {
    matches!(reason, CommitReason::Append(AppendError::OutcomeUnknown { .. }))
}

fn is_idempotency_conflict(reason: &CommitReason) -> bool {
    matches!(reason, CommitReason::Append(AppendError::IdempotencyConflict { .. }))
}

/// A bus that will lose the answer to its first commit.
fn losing(log: &Subject, written: bool) -> Bus {
    let double = Double::of(log);
    double.lose_answer(written);
    Bus::open(double).unwrap()
}

fn recorded(bus: &Bus, id: &str) -> vitae::Aggregate<Note> {
    bus.load::<Note>(id).unwrap().record(wrote(id)).unwrap()
}

fn a_try_that_was_written_is_found(log: Subject) {
    let bus = losing(&log, true);
    let error = bus.commit((recorded(&bus, "a"), recorded(&bus, "b"))).unwrap_err();
    assert!(is_unknown(error.reason()), "{error:?}");
    let id = error.into_aggregates();
    let (id, (a, b)) = (id.0.commit_id(), id);
    let ((a, b), receipt) = bus.commit((a, b)).unwrap();
    assert!(receipt.already_appended);
    assert_eq!((receipt.commit, receipt.positions.unwrap().1.get()), (id, 2));
    assert_eq!((a.recorded(), a.version()), (0, Some(version(1))));
    assert_eq!(b.state(), &note(&self::bus(&log), "b"));
    // The page is turned: they go on like any other.
    let (a, b) = (a.record(wrote("x")).unwrap(), b.record(wrote("y")).unwrap());
    bus.commit((a, b)).unwrap();
    assert_eq!(log_of(&*log).len(), 4);
}

fn a_try_that_was_not_written_is_written(log: Subject) {
    let double = Double::of(&log);
    double.lose_answer(false);
    double.lose_answer(false);
    let bus = Bus::open(double).unwrap();
    let open = recorded(&bus, "a").at::<Open>().unwrap();
    let id = open.commit_id();
    let error = bus.commit(open).unwrap_err();
    let error = bus.commit(error.into_aggregates()).unwrap_err();
    assert!(is_unknown(error.reason()), "{error:?}");
    let (open, receipt) = bus.commit(error.into_aggregates()).unwrap();
    assert_eq!((receipt.commit, receipt.already_appended), (id, false));
    assert_eq!(log_of(&*log).len(), 1);
    assert_eq!(open.state().lines[0].event_id.commit, id);
}

fn it_is_found_over_a_store_that_was_opened_again(mut log: Subject) {
    for (written, id) in [(true, "a"), (false, "b")] {
        let bus = losing(&log, written);
        let error = bus.commit(recorded(&bus, id)).unwrap_err();
        let open = error.into_aggregates();
        drop(bus);
        log.reopen();
        let bus = self::bus(&log);
        let (open, receipt) = bus.commit(open).unwrap();
        assert_eq!(receipt.already_appended, written);
        bus.commit(open.record(wrote("on")).unwrap()).unwrap();
        assert_eq!(note(&bus, id).texts(), [id, "on"]);
    }
}

fn others_may_have_gone_on_meanwhile(log: Subject) {
    let bus = losing(&log, true);
    let typed = recorded(&bus, "b").at::<Open>().unwrap();
    let error = bus.commit((recorded(&bus, "a"), typed)).unwrap_err();
    let other = self::bus(&log);
    write(&other, "a", "on");
    let b = other.load::<Note>("b").unwrap();
    other.commit(b.record(Sealed).unwrap()).unwrap();
    let ((a, b), receipt) = bus.commit(error.into_aggregates()).unwrap();
    assert!(receipt.already_appended);
    assert_eq!(a.state().texts(), ["a", "on"]);
    assert_eq!(a.version(), Some(version(2)));
    assert_eq!(b.version(), Some(version(1)));
    assert!(bus.commit(b.record(wrote("late")).unwrap()).is_err());
}

fn what_was_recorded_since_is_not_taken_for_done(log: Subject) {
    let bus = losing(&log, true);
    let open = bus.commit(recorded(&bus, "a")).unwrap_err().into_aggregates();
    let error = bus.commit(open.record(wrote("more")).unwrap()).unwrap_err();
    assert!(is_idempotency_conflict(error.reason()), "{error:?}");
    assert_eq!(note(&bus, "a").texts(), ["a"]);
    let bus = losing(&log, false);
    let open = bus.commit(recorded(&bus, "b")).unwrap_err().into_aggregates();
    bus.commit(open.record(wrote("more")).unwrap()).unwrap();
    assert_eq!(note(&bus, "b").texts(), ["b", "more"]);
}

fn what_joined_since_is_not_taken_for_done(log: Subject) {
    let bus = losing(&log, true);
    let a = bus.commit(recorded(&bus, "a")).unwrap_err().into_aggregates();
    let error = bus.commit((a, recorded(&bus, "b"))).unwrap_err();
    assert!(is_idempotency_conflict(error.reason()), "{error:?}");
    let (a, b) = error.into_aggregates();
    assert!(bus.commit(a).unwrap().1.already_appended);
    bus.commit(b).unwrap();
    assert_eq!(log_of(&*log), ["note/a note.write", "note/b note.write"]);
}

fn each_of_several_aggregates_finds_the_try(log: Subject) {
    let bus = losing(&log, true);
    let set = (recorded(&bus, "a"), vec![recorded(&bus, "b"), recorded(&bus, "c")]);
    let (a, rest) = bus.commit(set).unwrap_err().into_aggregates();
    for one in rest {
        let (one, receipt) = bus.commit(one).unwrap();
        assert!(receipt.already_appended);
        assert_eq!((one.recorded(), one.version()), (0, Some(version(1))));
    }
    assert!(bus.commit(Some(a)).unwrap().1.already_appended);
    assert_eq!(log_of(&*log).len(), 3);
}

fn the_order_of_the_aggregates_may_change(log: Subject) {
    let bus = losing(&log, true);
    let set = (recorded(&bus, "a"), recorded(&bus, "b"));
    let (a, b) = bus.commit(set).unwrap_err().into_aggregates();
    assert!(bus.commit((b, a)).unwrap().1.already_appended);
    let bus = losing(&log, false);
    let set = (recorded(&bus, "c"), recorded(&bus, "d"));
    let (c, d) = bus.commit(set).unwrap_err().into_aggregates();
    let ((d, _), receipt) = bus.commit((d, c)).unwrap();
    assert!(!receipt.already_appended);
    assert_eq!(d.state(), &note(&self::bus(&log), "d"));
    assert_eq!(log_of(&*log).len(), 4);
}

fn while_nobody_can_say_nothing_is_lost(log: Subject) {
    let double = Double::of(&log);
    double.lose_answer(true);
    let bus = Bus::open(double.clone()).unwrap();
    let set = (recorded(&bus, "a"), recorded(&bus, "b"));
    let error = bus.commit(set).unwrap_err();
    double.be_silent(true);
    let error = bus.commit(error.into_aggregates()).unwrap_err();
    assert!(matches!(error.reason(), CommitReason::Read(_)), "{error:?}");
    assert_eq!(double.appends(), 1);
    let set = error.into_aggregates();
    assert_eq!((set.0.recorded(), set.1.recorded()), (1, 1));
    double.be_silent(false);
    // Of two lives that must be read again, the second cannot be: both stay as they were.
    smuggle::<Note>(&*log, "b", ("note.unheard", 1), b"");
    let error = bus.commit(set).unwrap_err();
    assert!(matches!(error.reason(), CommitReason::Load(_)), "{error:?}");
    let (a, b) = error.into_aggregates();
    assert_eq!((a.recorded(), b.recorded()), (1, 1));
    assert!(bus.commit(a).unwrap().1.already_appended);
}

fn policies_may_see_another_log_when_it_is_tried_again(log: Subject) {
    for written in [true, false] {
        let double = Double::of(&log);
        double.lose_answer(written);
        let copy = Policy::new("copy").on(|event: &Added, _, then| {
            let seen = then.state::<Note>("copy")?.lines().len();
            then.record::<Note>("copy", wrote(format!("{} after {seen}", event.by)))?;
            Ok(())
        });
        let bus = Bus::builder(double).policy(copy).open().unwrap();
        let count = bus.load::<Count>("n").unwrap().record(Added { by: 1 }).unwrap();
        let error = bus.commit(count).unwrap_err();
        write(&self::bus(&log), "copy", "theirs");
        let (_, receipt) = bus.commit(error.into_aggregates()).unwrap();
        assert_eq!(receipt.already_appended, written);
    }
    let copy = note(&bus(&log), "copy");
    assert_eq!(copy.texts(), ["1 after 0", "theirs", "theirs", "1 after 3"]);
    assert_eq!(count(&bus(&log), "n"), 2);
}

fn what_goes_alongside_now_is_not_taken_for_done(log: Subject) {
    let bus = losing(&log, true);
    let row = RowChange {
        view: Name::new("view").unwrap(),
        key: b"key".to_vec(),
        expected: None,
        value: Some(b"value".to_vec()),
    };
    let a = bus.commit(recorded(&bus, "a")).unwrap_err().into_aggregates();
    let error = bus.commit_alongside(a, Alongside::new().row(row.clone())).unwrap_err();
    assert!(is_idempotency_conflict(error.reason()), "{error:?}");
    assert_eq!(log.row(&row.view, &row.key).unwrap(), None);
    let (_, receipt) = bus.commit(error.into_aggregates()).unwrap();
    assert!(receipt.already_appended);
}
