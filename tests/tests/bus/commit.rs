//! Committing: what can be, and what cannot.

use vitae::store::{AppendError, ExpectedVersion, InvalidCommit};
use vitae::{Bus, CommitReason};
use vitae_tests::{Subject, version};

use crate::support::*;

on_every_store! {
    several_commits_are_under_way_at_once
    what_is_wrong_is_said_when_it_is_waited_on
    one_aggregate
    several_in_one_piece
    options_and_collections
    nothing_is_refused
    a_stream_that_stands_twice_is_refused
    an_aggregate_of_another_log_is_refused
    a_conflict_on_the_callers_stream_gives_the_aggregates_back
    a_conflict_rejects_everything
    an_aggregate_goes_on_after_its_commit
}

fn one_aggregate(log: Subject) {
    let bus = bus(&log);
    let open = bus.load::<Note>("a").unwrap().at::<Blank>().unwrap();
    let open = open.record(wrote("x")).unwrap();
    let (open, receipt) = bus.commit(open).unwrap();
    assert_eq!((open.recorded(), open.version()), (0, Some(version(1))));
    let first = vitae_tests::position(1);
    assert_eq!(receipt.positions, Some((first, first)));
    assert!(!receipt.already_appended);
    assert_ne!(open.commit_id(), receipt.commit);
}

fn several_in_one_piece(log: Subject) {
    let bus = bus(&log);
    let note = |id: &str| bus.load::<Note>(id).unwrap().record(wrote(id)).unwrap();
    let added = |id: &str| {
        let count = bus.load::<Count>(id).unwrap();
        count.record(Added { by: 2 }).unwrap()
    };
    let set = (note("a"), added("n"), note("b"), added("m"));
    let (set, receipt) = bus.commit(set).unwrap();
    assert_eq!(set.1.state().value(), 2);
    assert_eq!(
        log_of(&*log),
        ["note/a note.write", "count/n count.add", "note/b note.write", "count/m count.add"]
    );
    assert_eq!(receipt.positions.unwrap().1.get(), 4);
    // An aggregate in which nothing was recorded is no part of it.
    let (set, receipt) = bus.commit((set.0, set.1.record(Added { by: 3 }).unwrap())).unwrap();
    assert_eq!(set.0.version(), Some(version(1)));
    assert_eq!(set.1.version(), Some(version(2)));
    assert_eq!(receipt.positions.unwrap().0.get(), 5);
    // Eight is the most in one tuple, and tuples nest.
    let eight =
        (note("1"), note("2"), note("3"), note("4"), note("5"), note("6"), note("7"), note("8"));
    bus.commit(((), eight, (note("9"),))).unwrap();
    assert_eq!(log.head().unwrap().unwrap().get(), 14);
}

fn options_and_collections(log: Subject) {
    let bus = bus(&log);
    let note = |id: &str| bus.load::<Note>(id).unwrap().record(wrote(id)).unwrap();
    let set = (None, Some(note("a")), vec![note("b"), note("c")], Vec::new());
    let set: (Option<vitae::Aggregate<Count>>, _, _, Vec<vitae::Aggregate<Note, Open>>) = set;
    let ((none, some, vec, empty), _) = bus.commit(set).unwrap();
    assert!(none.is_none() && empty.is_empty());
    assert_eq!(some.unwrap().version(), Some(version(1)));
    assert!(vec.iter().all(|note| note.version() == Some(version(1))));
    assert_eq!(vec[1].state(), &self::note(&self::bus(&log), "c"));
}

fn nothing_is_refused(log: Subject) {
    let bus = bus(&log);
    let is_empty = |reason: &CommitReason| {
        matches!(reason, CommitReason::Append(AppendError::Invalid(InvalidCommit::Empty)))
    };
    assert!(is_empty(bus.commit(()).unwrap_err().reason()));
    let error = bus.commit(bus.load::<Note>("a").unwrap()).unwrap_err();
    assert!(is_empty(error.reason()), "{error}");
    let back = error.into_aggregates().record(wrote("x")).unwrap();
    bus.commit(back).unwrap();
}

fn a_stream_that_stands_twice_is_refused(log: Subject) {
    let bus = bus(&log);
    let note = |text: &str| bus.load::<Note>("a").unwrap().record(wrote(text)).unwrap();
    let error = bus.commit(vec![note("x"), note("y")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`note/a` is committed twice at once; record everything in one aggregate"
    );
    assert!(log_of(&*log).is_empty());
    let mut back = error.into_aggregates();
    bus.commit(back.pop()).unwrap();
    assert_eq!(self::note(&bus, "a").texts(), ["y"]);
}

fn an_aggregate_of_another_log_is_refused(log: Subject) {
    let (here, there) = (bus(&log), bus(&memory()));
    let stranger = there.load::<Note>("a").unwrap().record(wrote("x")).unwrap();
    let own = here.load::<Note>("b").unwrap().record(wrote("y")).unwrap();
    let error = here.commit((own, stranger)).unwrap_err();
    assert!(matches!(error.reason(), CommitReason::OtherLog { log: of } if *of == log.log_id()));
    assert!(log_of(&*log).is_empty());
    let (own, stranger) = error.into_aggregates();
    here.commit(own).unwrap();
    there.commit(stranger).unwrap();
    // Another bus over the same log is no stranger.
    let own = bus(&log).load::<Note>("c").unwrap();
    here.commit(own.record(wrote("z")).unwrap()).unwrap();
}

fn conflict(reason: &CommitReason) -> (String, ExpectedVersion, Option<u64>) {
    let CommitReason::Append(AppendError::Conflict { stream, expected, actual }) = reason else {
        panic!("{reason:?}");
    };
    (stream.to_string(), *expected, actual.map(|version| version.get()))
}

fn a_conflict_on_the_callers_stream_gives_the_aggregates_back(log: Subject) {
    let bus = bus(&log);
    let mine = bus.load::<Note>("a").unwrap().record(wrote("mine")).unwrap();
    write(&self::bus(&log), "a", "theirs");
    let error = bus.commit(mine).unwrap_err();
    let expected = ("note/a".to_owned(), ExpectedVersion::NoStream, Some(1));
    assert_eq!(conflict(error.reason()), expected);
    let mine = error.into_aggregates();
    assert_eq!((mine.recorded(), mine.version()), (1, None));
    assert_eq!(mine.state().texts(), ["mine"]);
    // The same again is the same conflict; loading again is the way on.
    let error = bus.commit(mine).unwrap_err();
    assert_eq!(conflict(error.reason()), expected);
    write(&bus, "a", "mine");
    assert_eq!(note(&bus, "a").texts(), ["theirs", "mine"]);
}

fn a_conflict_rejects_everything(log: Subject) {
    let bus = bus(&log);
    write(&bus, "b", "x");
    let a = bus.load::<Note>("a").unwrap().record(wrote("a")).unwrap();
    let b = bus.load::<Note>("b").unwrap().record(wrote("b")).unwrap();
    write(&bus, "b", "y");
    let error = bus.commit((a, b)).unwrap_err();
    let at = ExpectedVersion::Exact(version(1));
    assert_eq!(conflict(error.reason()), ("note/b".to_owned(), at, Some(2)));
    assert_eq!(log_of(&*log).len(), 2);
    let (a, _) = error.into_aggregates();
    let (a, _) = bus.commit(a).unwrap();
    assert_eq!(a.state(), &note(&self::bus(&log), "a"));
}

fn an_aggregate_goes_on_after_its_commit(log: Subject) {
    let bus: Bus = bus(&log);
    let mut count = bus.load::<Count>("n").unwrap();
    for by in 1..=5 {
        count = bus.commit(count.record(Added { by }).unwrap()).unwrap().0;
    }
    assert_eq!((count.state().value(), count.version()), (15, Some(version(5))));
    assert_eq!(self::count(&self::bus(&log), "n"), 15);
}

fn several_commits_are_under_way_at_once(log: Subject) {
    let bus = bus(&log);
    let submitted: Vec<_> = ["a", "b", "c"]
        .map(|id| bus.load::<Note>(id).unwrap().record(wrote(id)).unwrap())
        .map(|note| bus.submit(note))
        .into();
    for submitted in submitted {
        let (note, receipt) = submitted.wait().unwrap();
        assert_eq!((note.version(), note.recorded()), (Some(version(1)), 0));
        assert!(receipt.positions.is_some());
    }
    assert_eq!(log_of(&*log).len(), 3);
}

fn what_is_wrong_is_said_when_it_is_waited_on(log: Subject) {
    let bus = bus(&log);
    let (one, other) = (bus.load::<Note>("a").unwrap(), bus.load::<Note>("a").unwrap());
    let one = bus.submit(one.record(wrote("one")).unwrap());
    let other = bus.submit(other.record(wrote("other")).unwrap());
    one.wait().unwrap();
    let error = other.wait().unwrap_err();
    assert!(matches!(error.reason(), CommitReason::Append(AppendError::Conflict { .. })));
    assert_eq!(error.into_aggregates().recorded(), 1);
}
