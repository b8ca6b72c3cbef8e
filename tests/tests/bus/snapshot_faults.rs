//! A snapshot is never the truth: whatever speaks against one, the events are read, and it is said.

use std::fs;
use std::sync::Arc;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use vitae::store::{BackendError, Damage, EventStore, ReadError, Snapshot};
use vitae::{
    Aggregate, Bus, CommitId, Context, EventId, Lifecycle, LoadError, PassedOverReason, Schema,
    Snapshots,
};
use vitae_sqlite::SqliteStore;
use vitae_tests::{Backend, Subject, version};

use crate::support::*;

on_every_store! {
    one_of_another_shape
    one_of_another_revision
    one_of_another_log
    one_that_is_ahead_of_the_log
    one_whose_bytes_are_no_state
    one_that_cannot_take_what_follows
    an_event_that_nothing_can_take_is_an_error
    one_that_is_damaged
    a_store_that_cannot_be_read_is_an_error
}

/// A tally of 1, 2 and 3 whose snapshot, taken before the 3, says 100.
fn forge(log: &Subject) {
    let bus = keeping(log.shared(), 0);
    tally(&bus, "a", [1, 2]);
    bus.take_snapshot::<Tally>("a").unwrap();
    plant(&**log, "a", |snapshot| snapshot.state = forged(100));
    tally(&self::bus(log), "a", [3]);
    assert_eq!(keeping(log.shared(), 0).load::<Tally>("a").unwrap().state().total(), 103);
}

/// Loads the tally, which must be what its events say, and tells why the snapshot was passed over.
fn passed_over(log: &Subject, store: Arc<dyn EventStore>) -> PassedOverReason {
    let bus = keeping(store, 0);
    assert_eq!(bus.load::<Tally>("a").unwrap().state(), &replayed(log, "a"));
    let seen = bus.snapshots();
    assert_eq!((seen.used, seen.passed_over), (0, 1));
    let last = seen.last_passed_over.unwrap();
    assert_eq!(last.to_string(), "the snapshot of `tally/a` was passed over, and every event read");
    last.reason
}

/// The same lifecycle a year later: a state has got another field.
mod later {
    use super::*;

    #[derive(Lifecycle, Schema, Serialize, Deserialize, Clone, Debug)]
    #[lifecycle(name = "tally")]
    pub enum Tally {
        #[state(initial)]
        #[on(Added => Sum)]
        Zero,
        #[on(Added => Sum, Ended => Closed)]
        Sum(Sum),
        #[state(terminal)]
        Closed,
    }

    #[derive(Schema, Serialize, Deserialize, Clone, Debug)]
    pub struct Sum {
        pub total: u64,
        pub events: u64,
    }

    impl TallyTransitions for Tally {
        fn zero_on_added(_: Zero, event: &Added, _: &Context) -> Sum {
            Sum { total: event.by, events: 1 }
        }

        fn sum_on_added(from: Sum, event: &Added, _: &Context) -> Sum {
            Sum { total: from.total + event.by, events: from.events + 1 }
        }
    }

    pub(super) fn sum(life: &Aggregate<Tally>) -> (u64, u64) {
        let Tally::Sum(sum) = life.state() else { panic!("{life:?}") };
        (sum.total, sum.events)
    }
}

fn one_of_another_shape(log: Subject) {
    forge(&log);
    let bus = || {
        let snapshots = Snapshots::of::<later::Tally>().every(2);
        Bus::builder(log.shared()).snapshots(snapshots).open().unwrap()
    };
    let (first, second) = (bus(), bus());
    let life = first.load::<later::Tally>("a").unwrap();
    assert_eq!(later::sum(&life), (6, 3));
    let found = first.snapshots().last_passed_over.unwrap().reason;
    let PassedOverReason::OtherSchema { found } = found else { panic!("{found}") };
    assert_eq!(*found, *Tally::SHAPE.to_json());
    // The next one that is due takes its place.
    first.commit(life.record(Added { by: 4 }).unwrap()).unwrap();
    assert_eq!(later::sum(&second.load::<later::Tally>("a").unwrap()), (10, 4));
    assert_eq!((second.snapshots().used, second.snapshots().passed_over), (1, 0));
    // And is passed over in its turn by the program of before.
    let reason = passed_over(&log, log.shared());
    assert!(matches!(reason, PassedOverReason::OtherSchema { .. }));
}

fn one_of_another_revision(log: Subject) {
    forge(&log);
    let open = |revision| {
        let snapshots = Snapshots::of::<Tally>().revision(revision);
        Bus::builder(log.shared()).snapshots(snapshots).open().unwrap()
    };
    let bus = open(2);
    assert_eq!(bus.load::<Tally>("a").unwrap().state(), &replayed(&log, "a"));
    let reason = bus.snapshots().last_passed_over.unwrap().reason;
    assert!(matches!(reason, PassedOverReason::OtherRevision { found: 0, expected: 2 }));
    bus.take_snapshot::<Tally>("a").unwrap();
    let again = open(2);
    again.load::<Tally>("a").unwrap();
    assert_eq!((again.snapshots().used, again.snapshots().passed_over), (1, 0));
    let reason = passed_over(&log, log.shared());
    assert!(matches!(reason, PassedOverReason::OtherRevision { found: 2, expected: 0 }));
}

fn one_of_another_log(log: Subject) {
    forge(&log);
    // The log was restored, and something else happened in it since.
    let other = memory();
    tally(&bus(&other), "a", [7, 8]);
    tally(&keeping(other.shared(), 1), "a", [9]);
    let theirs = kept(&*other, "a").unwrap();
    plant(&*log, "a", |snapshot| *snapshot = theirs);
    assert!(matches!(passed_over(&log, log.shared()), PassedOverReason::OtherLog));
    // The same commit, but another event of it.
    plant(&*log, "a", |snapshot| {
        snapshot.event = EventId { commit: CommitId::generate(), index: 0 };
    });
    assert!(matches!(passed_over(&log, log.shared()), PassedOverReason::OtherLog));
}

fn one_that_is_ahead_of_the_log(log: Subject) {
    forge(&log);
    let ahead = Snapshot { version: version(4), ..kept(&*log, "a").unwrap() };
    let double = Double::of(&log);
    double.answer_snapshot(Ok(Some(ahead)));
    assert!(matches!(passed_over(&log, double), PassedOverReason::OtherLog));
}

fn one_whose_bytes_are_no_state(log: Subject) {
    forge(&log);
    let good = kept(&*log, "a").unwrap().state;
    let longer = [&good[..], &[0]].concat();
    for bytes in [&[], &good[..good.len() - 1], &longer[..], &[9]] {
        plant(&*log, "a", |snapshot| snapshot.state = bytes.to_vec());
        assert!(matches!(passed_over(&log, log.shared()), PassedOverReason::Malformed));
    }
}

fn one_that_cannot_take_what_follows(log: Subject) {
    forge(&log);
    // As if a body had led elsewhere when it was taken: nothing happens after a total.
    let total = postcard::to_allocvec(&Tally::Total(Total { total: 3 })).unwrap();
    plant(&*log, "a", |snapshot| snapshot.state = total);
    assert!(matches!(passed_over(&log, log.shared()), PassedOverReason::Unfit));
}

fn an_event_that_nothing_can_take_is_an_error(log: Subject) {
    forge(&log);
    smuggle::<Tally>(&*log, "a", ("count.add", 9), b"");
    let bus = keeping(log.shared(), 0);
    assert!(matches!(bus.load::<Tally>("a"), Err(LoadError::Fold(_))));
    assert_eq!(bus.snapshots().passed_over, 0, "the snapshot is not to blame");
}

fn one_that_is_damaged(log: Subject) {
    forge(&log);
    let double = Double::of(&log);
    double.answer_snapshot(Err(ReadError::Damaged(Damage::elsewhere("a bit"))));
    let reason = passed_over(&log, double);
    assert!(matches!(&reason, PassedOverReason::Damaged(damage) if damage.reason == "a bit"));
}

fn a_store_that_cannot_be_read_is_an_error(log: Subject) {
    forge(&log);
    let double = Double::of(&log);
    let failed: BackendError = Arc::new(std::fmt::Error);
    for answer in [ReadError::Busy, ReadError::Backend(failed)] {
        double.answer_snapshot(Err(answer));
        let bus = keeping(double.clone(), 0);
        assert!(matches!(bus.load::<Tally>("a"), Err(LoadError::Read(_))));
        assert_eq!(bus.snapshots().passed_over, 0);
    }
}

/// A closed file with the forged tally, and its snapshot.
fn specimen(path: &std::path::Path) -> (Snapshot, Tally) {
    let path = path.to_owned();
    let log = Backend::in_memory(move || SqliteStore::open(&path).unwrap()).subject();
    forge(&log);
    (kept(&*log, "a").unwrap(), replayed(&log, "a"))
}

#[test]
fn what_was_written_into_the_table_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let (_, truth) = specimen(&path);
    let clean = fs::read(&path).unwrap();
    for change in [
        "version = 1",
        "version = 3",
        "version = 0",
        "version = -1",
        "event = zeroblob(20)",
        "event = x'00'",
        "revision = 1",
        "revision = -1",
        "schema = schema || ' '",
        "state = x'00'",
        "checksum = checksum + 1",
        "category = 'count'",
        "stream = 'b'",
    ] {
        fs::write(&path, &clean).unwrap();
        let connection = Connection::open(&path).unwrap();
        assert_eq!(connection.execute(&format!("UPDATE snapshots SET {change}"), ()).unwrap(), 1);
        drop(connection);
        let store: Arc<dyn EventStore> = Arc::new(SqliteStore::open(&path).unwrap());
        let bus = keeping(Arc::clone(&store), 4);
        assert_eq!(bus.load::<Tally>("a").unwrap().state(), &truth, "{change}");
        assert_eq!(bus.snapshots().used, 0, "{change}");
        // No damage is in the way of the next one, nor is it damage to the log.
        assert_eq!(store.verify().unwrap(), 3, "{change}");
        tally(&bus, "a", [4]);
        assert_eq!(kept(&*store, "a").unwrap().version, version(4), "{change}");
    }
}

#[test]
fn a_table_that_claims_too_much_gives_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    specimen(&path);
    Connection::open(&path).unwrap().execute("UPDATE snapshots SET version = 99", ()).unwrap();
    let store: Arc<dyn EventStore> = Arc::new(SqliteStore::open(&path).unwrap());
    let bus = keeping(Arc::clone(&store), 0);
    assert_eq!(bus.take_snapshot::<Tally>("a").unwrap(), version(3));
    assert_eq!(kept(&*store, "a").unwrap().version, version(3));
}

#[test]
fn a_flipped_bit_in_a_snapshot_is_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let (snapshot, truth) = specimen(&path);
    let bytes = fs::read(&path).unwrap();
    // Where the schema's text stands, the row does.
    let text = snapshot.schema.as_bytes();
    let at = bytes.windows(text.len()).position(|part| part == text).unwrap();
    let row = at - 80..at + text.len() + snapshot.state.len() + 16;
    let mut noticed = 0;
    for offset in row {
        let mut damaged = bytes.clone();
        damaged[offset] ^= 1 << (offset % 8);
        fs::write(&path, &damaged).unwrap();
        let Ok(store) = SqliteStore::open_read_only(&path) else { continue };
        let seen = store.snapshot(&snapshot.stream);
        noticed += usize::from(!matches!(&seen, Ok(Some(_))));
        assert!(!matches!(seen, Ok(Some(seen)) if seen != snapshot), "byte {offset}");
        let bus = keeping(Arc::new(store), 0);
        if let Ok(life) = bus.load::<Tally>("a") {
            let total = life.state().total();
            assert!(total == truth.total() || total == 103, "byte {offset}");
        }
    }
    assert!(noticed > text.len(), "{noticed}");
}
