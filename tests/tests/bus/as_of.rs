//! Lives as they were: at a version, a position, a time.

use std::sync::Arc;

use vitae::{
    AsOf, Bus, FoldReason, LoadError, ManualClock, MemoryStore, OpenError, Past, Timestamp,
};
use vitae_sqlite::SqliteStore;
use vitae_tests::{Backend, Subject, position, version};

use crate::support::*;

on_every_store! {
    at_a_version
    at_a_position
    before_it_began
    what_came_later_is_not_looked_at
    a_snapshot_helps_if_it_is_not_newer
    what_a_bus_cannot_load_it_cannot_load_as_of
}

fn at(bus: &Bus, id: &str, as_of: AsOf) -> Past<Note> {
    bus.load_as_of::<Note>(id, as_of).unwrap()
}

/// Version and texts of a note as it was.
fn was(bus: &Bus, id: &str, as_of: AsOf) -> (u64, Vec<String>) {
    let past = at(bus, id, as_of);
    let texts = past.state().texts().into_iter().map(str::to_owned).collect();
    (past.version().map_or(0, vitae::StreamVersion::get), texts)
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn at_a_version(log: Subject) {
    let bus = bus(&log);
    write(&bus, "b", "elsewhere");
    for text in ["x", "y", "z"] {
        write(&bus, "a", text);
    }
    assert_eq!(was(&bus, "a", AsOf::Version(version(1))), (1, texts(&["x"])));
    assert_eq!(was(&bus, "a", AsOf::Version(version(2))), (2, texts(&["x", "y"])));
    let newest = at(&bus, "a", AsOf::Version(version(3)));
    assert_eq!(newest.state(), &note(&bus, "a"));
    assert_eq!(newest.stream().to_string(), "note/a");
    assert_eq!(newest.position(), Some(position(4)));
    let last = newest.state().lines().last().unwrap();
    assert_eq!(newest.occurred_at(), Some(last.occurred_at));
    assert_eq!(newest.clone().into_state(), note(&bus, "a"));
    // A version that is not there is not taken for another one.
    let error = bus.load_as_of::<Note>("a", AsOf::Version(version(4))).unwrap_err();
    assert_eq!(error.to_string(), "`note/a` has no version 4; it is at 3");
    let error = bus.load_as_of::<Note>("c", AsOf::Version(version(1))).unwrap_err();
    assert_eq!(error.to_string(), "`note/c` has no version 1; it has not begun");
    assert!(matches!(error, LoadError::NoSuchVersion { newest: None, .. }));
}

fn at_a_position(log: Subject) {
    let bus = bus(&log);
    write(&bus, "a", "x"); // 1
    write(&bus, "b", "elsewhere"); // 2
    let load = |id| bus.load::<Note>(id).unwrap();
    let two = load("a").record(wrote("y")).unwrap().record(wrote("z")).unwrap();
    bus.commit((load("b").record(wrote("more")).unwrap(), two)).unwrap(); // 3 | 4 5
    for (at, expected) in [(1, "x"), (2, "x"), (3, "x"), (4, "xy"), (5, "xyz"), (6, "xyz")] {
        let (version, seen) = was(&bus, "a", AsOf::Position(position(at)));
        assert_eq!((version, seen.concat().as_str()), (seen.len() as u64, expected), "at {at}");
    }
    assert_eq!(at(&bus, "a", AsOf::Position(position(3))).position(), Some(position(1)));
    assert_eq!(was(&bus, "a", AsOf::Position(position(u64::MAX))).0, 3);
}

fn before_it_began(log: Subject) {
    let bus = bus(&log);
    write(&bus, "b", "elsewhere");
    write(&bus, "a", "x");
    for as_of in [AsOf::Position(position(1)), AsOf::Time(Timestamp::from_micros(i64::MIN))] {
        let past = at(&bus, "a", as_of);
        assert_eq!(past.state(), &Note::Blank);
        assert_eq!((past.version(), past.position()), (None, None));
        assert_eq!((past.occurred_at(), past.recorded_at()), (None, None));
    }
    let never = at(&bus, "never", AsOf::Time(Timestamp::from_micros(i64::MAX)));
    assert_eq!((never.state(), never.version()), (&Note::Blank, None));
}

fn what_came_later_is_not_looked_at(log: Subject) {
    let bus = bus(&log);
    write(&bus, "a", "x");
    write(&bus, "a", "y");
    smuggle::<Note>(&*log, "a", ("note.write", 9), b"");
    assert!(bus.load::<Note>("a").is_err());
    assert_eq!(was(&bus, "a", AsOf::Version(version(2))).0, 2);
    assert_eq!(was(&bus, "a", AsOf::Position(position(2))).0, 2);
    for as_of in [AsOf::Version(version(3)), AsOf::Position(position(3))] {
        let LoadError::Fold(error) = bus.load_as_of::<Note>("a", as_of).unwrap_err() else {
            panic!("another error");
        };
        assert!(matches!(error.reason, FoldReason::Decode(_)));
        assert_eq!(error.position, position(3));
    }
}

fn a_snapshot_helps_if_it_is_not_newer(log: Subject) {
    let bus = keeping(log.shared(), 0);
    tally(&bus, "b", [9]);
    tally(&bus, "a", [1]);
    tally(&bus, "a", [2]);
    bus.take_snapshot::<Tally>("a").unwrap();
    tally(&bus, "a", [3]);
    // What no events lead to shows who looked at it.
    plant(&*log, "a", |snapshot| snapshot.state = forged(100));
    let bus = keeping(log.shared(), 0);
    let total = |as_of| {
        let past = bus.load_as_of::<Tally>("a", as_of).unwrap();
        (past.state().total(), past.position().map(vitae::GlobalPosition::get))
    };
    let at_version = |at| total(AsOf::Version(version(at)));
    let at_position = |at| total(AsOf::Position(position(at)));
    assert_eq!([1, 2, 3].map(at_version), [(1, Some(2)), (100, Some(3)), (103, Some(4))]);
    assert_eq!(bus.snapshots().used, 2);
    assert_eq!(
        [1, 2, 3, 4].map(at_position),
        [(0, None), (1, Some(2)), (100, Some(3)), (103, Some(4))]
    );
    assert_eq!(bus.snapshots().used, 4);
    // Its time says nothing of the events before it.
    assert_eq!(total(AsOf::Time(Timestamp::from_micros(i64::MAX))), (6, Some(4)));
    assert_eq!((bus.snapshots().used, bus.snapshots().passed_over), (4, 0));
}

fn what_a_bus_cannot_load_it_cannot_load_as_of(log: Subject) {
    let bus = bus(&log);
    let newest = AsOf::Position(position(1));
    let error = bus.load_as_of::<Note>("", newest).unwrap_err();
    assert!(matches!(error, LoadError::InvalidId(_)));
    // Somebody else has taken the name of one of its events for another shape.
    vitae_tests::Draft::new().on("other/a").event("note.write", b"").must(&*log);
    let error = self::bus(&log).load_as_of::<Note>("a", newest).unwrap_err();
    assert!(matches!(error, LoadError::Schema(OpenError::SchemaMismatch { .. })));
}

/// Empty logs whose stores take commits when a clock says.
fn at_times(clock: &Arc<ManualClock>) -> [Subject; 2] {
    let options = SqliteStore::options().clock(clock.clone());
    let clock = clock.clone();
    [
        Backend::in_memory(move || MemoryStore::new().with_clock(clock.clone())).subject(),
        Backend::at_path(move |path| options.clone().open(path)).subject(),
    ]
}

fn micros(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// The texts of note `a` at a time.
fn then(bus: &Bus, time: i64) -> String {
    was(bus, "a", AsOf::Time(micros(time))).1.concat()
}

#[test]
fn at_a_time() {
    let clock = Arc::new(ManualClock::new(micros(0)));
    for log in at_times(&clock) {
        let bus = bus(&log);
        for (time, text) in [(-10, "x"), (0, "y"), (20, "z")] {
            clock.set(micros(time));
            // When it happened is another matter.
            let note = bus.load::<Note>("a").unwrap().occurring_at(micros(1_000));
            let note = note.record(wrote(text)).unwrap();
            bus.commit(note.record(wrote("+")).unwrap()).unwrap();
        }
        let seen = [-11, -10, -1, 0, 19, 20, i64::MAX].map(|time| then(&bus, time));
        assert_eq!(seen, ["", "x+", "x+", "x+y+", "x+y+", "x+y+z+", "x+y+z+"]);
        let past = at(&bus, "a", AsOf::Time(micros(19)));
        assert_eq!(past.recorded_at(), Some(micros(0)));
        assert_eq!(past.occurred_at(), Some(micros(1_000)));
    }
}

#[test]
fn a_clock_that_goes_backwards_does_not_change_the_order() {
    let clock = Arc::new(ManualClock::new(micros(0)));
    for log in at_times(&clock) {
        let bus = bus(&log);
        for (time, text) in [(10, "w"), (30, "x"), (20, "y"), (30, "z"), (5, "!")] {
            clock.set(micros(time));
            write(&bus, "a", text);
        }
        let seen = [5, 9, 10, 20, 29, 30].map(|time| then(&bus, time));
        assert_eq!(seen, ["", "", "w", "w", "w", "wxyz!"]);
    }
}

#[test]
fn a_snapshot_of_an_earlier_time_is_not_taken_for_the_past() {
    let clock = Arc::new(ManualClock::new(micros(0)));
    for log in at_times(&clock) {
        let bus = keeping(log.shared(), 2);
        for (time, by) in [(30, 1), (20, 2), (40, 4)] {
            clock.set(micros(time));
            tally(&bus, "a", [by]);
        }
        assert_eq!(kept(&*log, "a").unwrap().version, version(2));
        let fresh = keeping(log.shared(), 2);
        let total = |time| {
            let past = fresh.load_as_of::<Tally>("a", AsOf::Time(micros(time))).unwrap();
            past.state().total()
        };
        assert_eq!([20, 25, 30, 39, 40].map(total), [0, 0, 3, 3, 7]);
    }
}
