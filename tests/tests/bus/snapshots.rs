//! Snapshots: when they are taken, and that they change nothing but the reading.

use std::cell::Cell;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde::{Deserialize, Serialize, Serializer};
use vitae::schema::Shape;
use vitae::store::{AppendError, InvalidCommit, Limits, Page, Read};
use vitae::{
    Aggregate, AsOf, Bus, Context, Lifecycle, LoadError, MemoryStore, OpenError, Policy, Schema,
    SnapshotError, Snapshots,
};
use vitae_sqlite::SqliteStore;
use vitae_tests::{Backend, Subject, read_all, stream, version};

use crate::support::*;

on_every_store! {
    one_is_taken_every_so_many_events
    one_is_taken_on_demand
    reading_begins_at_one
    each_life_of_a_commit_has_its_own
    a_commit_put_together_anew_takes_it_anew
    the_same_commit_again_is_the_same
    loading_equals_a_full_replay
}

fn one_is_taken_every_so_many_events(log: Subject) {
    let bus = keeping(log.shared(), 3);
    let mut seen = Vec::new();
    for count in [1, 1, 1, 4, 1, 1, 7] {
        tally(&bus, "a", vec![1; count]);
        seen.push(kept(&*log, "a").map(|kept| kept.version.get()));
    }
    assert_eq!(seen, [None, None, Some(3), Some(7), Some(7), Some(9), Some(16)]);
    // It is the state after the event that it names.
    let kept = kept(&*log, "a").unwrap();
    let mut page = Page::new();
    log.read(&Read::stream(stream("tally/a")).from_version(kept.version), &mut page).unwrap();
    assert_eq!(page.iter().next().unwrap().id(), kept.event);
    assert_eq!(postcard::from_bytes::<Tally>(&kept.state).unwrap(), replayed(&log, "a"));
    // Taking them cost no commit of their own, and no other life has one.
    assert_eq!(read_all(&*log).len(), 16);
    add(&bus, "n", 9);
    assert_eq!(log.snapshot(&stream("count/n")).unwrap(), None);
}

fn one_is_taken_on_demand(log: Subject) {
    let bus = keeping(log.shared(), 0);
    let missing = bus.take_snapshot::<Tally>("a").unwrap_err();
    assert!(matches!(missing, SnapshotError::Load(LoadError::NotFound { .. })), "{missing}");
    let invalid = bus.take_snapshot::<Tally>("").unwrap_err();
    assert!(matches!(invalid, SnapshotError::Load(LoadError::InvalidId(_))));
    tally(&bus, "a", [1, 2, 3]);
    assert_eq!(kept(&*log, "a"), None);
    // Of a life as the log has it, whoever wrote it.
    tally(&self::bus(&log), "a", [4]);
    assert_eq!(bus.take_snapshot::<Tally>("a").unwrap(), version(4));
    let state = kept(&*log, "a").unwrap().state;
    assert_eq!(postcard::from_bytes::<Tally>(&state).unwrap(), replayed(&log, "a"));
    add(&bus, "n", 1);
    let not_set_up = bus.take_snapshot::<Count>("n").unwrap_err();
    assert_eq!(
        not_set_up.to_string(),
        "the bus has no snapshots of `count`; add `Snapshots::of` the lifecycle to its builder"
    );
}

fn reading_begins_at_one(log: Subject) {
    let bus = keeping(log.shared(), 0);
    tally(&bus, "a", [1, 2]);
    bus.take_snapshot::<Tally>("a").unwrap();
    tally(&bus, "a", [3]);
    // What no events lead to shows who looked at it.
    plant(&*log, "a", |snapshot| snapshot.state = forged(100));
    let total = |bus: &Bus| bus.load::<Tally>("a").unwrap().state().total();
    assert_eq!(total(&bus), 6, "what the bus remembers comes first");
    assert_eq!(bus.snapshots().used, 0);
    assert_eq!(total(&self::bus(&log)), 6, "no snapshots were set up");
    let other = keeping(log.shared(), 0);
    assert_eq!(total(&other), 103);
    assert_eq!(total(&other.clone()), 103);
    let seen = other.snapshots();
    assert_eq!((seen.used, seen.passed_over, seen.left_out), (1, 0, 0));
    // A life that ended is one like any other.
    let life = bus.load::<Tally>("a").unwrap().record(Ended).unwrap();
    bus.commit(life).unwrap();
    bus.take_snapshot::<Tally>("a").unwrap();
    let closed = keeping(log.shared(), 0).load::<Tally>("a").unwrap();
    assert_eq!(closed.state(), &Tally::Total(Total { total: 6 }));
    assert_eq!(closed.version(), Some(version(4)));
}

/// Whatever is added to a count is added to the tally of its name, twice.
fn doubling() -> Policy {
    Policy::new("doubling").on(|event: &Added, cause, then| {
        if cause.stream().category().as_str() == "count" {
            for _ in 0..2 {
                then.record::<Tally>(cause.stream().id(), Added { by: event.by })?;
            }
        }
        Ok(())
    })
}

fn with_policy(store: Arc<dyn vitae::store::EventStore>, every: u64) -> Bus {
    let snapshots = Snapshots::of::<Tally>().every(every);
    Bus::builder(store).policy(doubling()).snapshots(snapshots).open().unwrap()
}

fn each_life_of_a_commit_has_its_own(log: Subject) {
    let bus = with_policy(log.shared(), 2);
    let record = |id: &str, numbers: &[u64]| {
        let life = bus.load::<Tally>(id).unwrap();
        numbers.iter().fold(life, |life, by| life.record(Added { by: *by }).unwrap())
    };
    let count = bus.load::<Count>("c").unwrap().record(Added { by: 9 }).unwrap();
    bus.commit((record("a", &[1, 2]), count, record("b", &[3]), record("d", &[4, 5]))).unwrap();
    let kept = |id: &str| kept(&*log, id);
    assert_eq!(kept("b"), None);
    // The events of the commit: a a | count | b | d d | and what the policy records, c c.
    for (id, index) in [("a", 1), ("d", 5), ("c", 7)] {
        let snapshot = kept(id).unwrap();
        assert_eq!((snapshot.event.index, snapshot.version), (index, version(2)), "{id}");
        assert_eq!(postcard::from_bytes::<Tally>(&snapshot.state).unwrap(), replayed(&log, id));
    }
    let fresh = with_policy(log.shared(), 2);
    for id in ["a", "b", "c", "d"] {
        assert_eq!(fresh.load::<Tally>(id).unwrap().state(), &replayed(&log, id));
    }
    assert_eq!((fresh.snapshots().used, fresh.snapshots().passed_over), (3, 0));
}

fn a_commit_put_together_anew_takes_it_anew(log: Subject) {
    let double = Double::of(&log);
    let bus = with_policy(double.clone(), 2);
    let other = self::bus(&log);
    double.sneak(move || tally(&other, "c", [100]));
    add(&bus, "c", 9);
    assert_eq!(double.appends(), 2);
    let snapshot = kept(&*log, "c").unwrap();
    assert_eq!(snapshot.version, version(3));
    assert_eq!(postcard::from_bytes::<Tally>(&snapshot.state).unwrap(), replayed(&log, "c"));
    assert_eq!(keeping(log.shared(), 0).load::<Tally>("c").unwrap().state().total(), 118);
}

fn the_same_commit_again_is_the_same(log: Subject) {
    let double = Double::of(&log);
    let bus = keeping(double.clone(), 1);
    for written in [true, false] {
        double.lose_answer(written);
        let life = bus.load::<Tally>("a").unwrap().record(Added { by: 1 }).unwrap();
        let error = bus.commit(life).unwrap_err();
        let (_, receipt) = bus.commit(error.into_aggregates()).unwrap();
        assert_eq!(receipt.already_appended, written);
    }
    assert_eq!(kept(&*log, "a").unwrap().version, version(2));
    assert_eq!(replayed(&log, "a").total(), 2);
}

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
    /// So many events of each of these lives, in one commit.
    Commit(Vec<(u8, u8)>),
    End(u8),
    Take(u8),
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    let commit = prop::collection::btree_map(0..3_u8, 0..5_u8, 1..3);
    prop_oneof![
        6 => commit.prop_map(|lives| Step::Commit(lives.into_iter().collect())),
        1 => (0..3_u8).prop_map(Step::End),
        2 => (0..3_u8).prop_map(Step::Take),
        2 => Just(Step::Forget),
    ]
}

fn loading_equals_a_full_replay(log: Subject) {
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() };
    let history = Cell::new(0);
    let strategy = (1..6_u64, 0..3_usize, prop::collection::vec(step(), 1..12));
    TestRunner::new(config)
        .run(&strategy, |(every, remembered, steps)| {
            // Histories share the log: each has lives of its own.
            history.set(history.get() + 1);
            let id = |life: u8| format!("{}-{life}", history.get());
            let open = || {
                let snapshots = Snapshots::of::<Tally>().every(every);
                let builder = Bus::builder(log.shared()).snapshots(snapshots);
                builder.remember(remembered).open().unwrap()
            };
            let mut bus = open();
            for step in steps {
                take_step(&mut bus, &open, &id, step);
            }
            let passed_over = bus.snapshots().passed_over + open().snapshots().passed_over;
            prop_assert_eq!(passed_over, 0);
            for life in 0..3 {
                compare(&log, &open(), &id(life))?;
            }
            Ok(())
        })
        .unwrap();
}

fn take_step(bus: &mut Bus, open: &impl Fn() -> Bus, id: &impl Fn(u8) -> String, step: Step) {
    let load = |bus: &Bus, life| bus.load::<Tally>(id(life)).unwrap();
    match step {
        Step::Commit(lives) => {
            let record = |(life, events): (u8, u8)| {
                let open = |tally: &Aggregate<Tally>| !matches!(tally.state(), Tally::Total(_));
                Some(load(bus, life)).filter(open).map(|tally| {
                    let add = |tally: Aggregate<Tally>, by| tally.record(Added { by }).unwrap();
                    (0..u64::from(events)).fold(tally, add)
                })
            };
            let lives: Vec<_> = lives.into_iter().filter_map(record).collect();
            if lives.iter().any(|life| life.recorded() > 0) {
                bus.commit(lives).unwrap();
            }
        }
        Step::End(life) => {
            if let Ok(ended) = load(bus, life).record(Ended) {
                bus.commit(ended).unwrap();
            }
        }
        Step::Take(life) => match bus.take_snapshot::<Tally>(id(life)) {
            Ok(_) | Err(SnapshotError::Load(LoadError::NotFound { .. })) => {}
            Err(error) => panic!("{error}"),
        },
        Step::Forget => *bus = open(),
    }
}

/// The newest state, and the state at every version, by way of snapshots and without.
fn compare(log: &Subject, bus: &Bus, id: &str) -> Result<(), TestCaseError> {
    let plain = self::bus(log);
    let (newest, expected) = (bus.load::<Tally>(id).unwrap(), plain.load::<Tally>(id).unwrap());
    prop_assert_eq!(newest.state(), expected.state());
    prop_assert_eq!(newest.version(), expected.version());
    for at in 1..=expected.version().map_or(0, vitae::StreamVersion::get) {
        let as_of = AsOf::Version(version(at));
        let past = bus.load_as_of::<Tally>(id, as_of).unwrap();
        let expected = plain.load_as_of::<Tally>(id, as_of).unwrap();
        prop_assert_eq!(past.state(), expected.state());
        prop_assert_eq!(past.position(), expected.position());
        prop_assert_eq!(past.recorded_at(), expected.recorded_at());
    }
    Ok(())
}

/// Tallies of long lives are larger than this.
fn small() -> Limits {
    let mut limits = Limits::default();
    limits.max_snapshot_bytes = 1_000;
    limits
}

#[test]
fn one_that_is_too_large_does_not_stop_a_commit() {
    for backend in [
        Backend::in_memory(|| MemoryStore::with_limits(small())),
        Backend::at_path(|path| SqliteStore::options().limits(small()).open(path)),
    ] {
        let log = backend.subject();
        let double = Double::of(&log);
        let bus = keeping(double.clone(), 1);
        tally(&bus, "a", [1]);
        assert_eq!(double.appends(), 1);
        tally(&bus, "a", vec![1; 40]);
        assert_eq!(double.appends(), 3, "the store says what is too large for it");
        tally(&bus, "a", [1]);
        assert_eq!(double.appends(), 4, "and need not say it again");
        assert_eq!(bus.snapshots().left_out, 2);
        tally(&bus, "b", [1]);
        assert_eq!(kept(&*log, "a").unwrap().version, version(1));
        assert_eq!(kept(&*log, "b").unwrap().version, version(1));
        assert_eq!(keeping(log.shared(), 1).load::<Tally>("a").unwrap().state().total(), 42);
        let error = bus.take_snapshot::<Tally>("a").unwrap_err();
        let SnapshotError::Append(AppendError::Invalid(invalid)) = error else { panic!("{error}") };
        assert!(matches!(invalid, InvalidCommit::SnapshotTooLarge { limit: 1_000, .. }));
    }
}

/// A value that serde refuses to write.
#[derive(Deserialize, Clone, Default, Debug)]
pub struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("not me"))
    }
}

impl Schema for Unwritable {
    const SHAPE: Shape = Shape::Unit;
}

#[derive(Lifecycle, Schema, Serialize, Deserialize)]
#[lifecycle(name = "stubborn")]
pub enum Stubborn {
    #[state(initial)]
    #[on(Added => Held)]
    Held(Held),
}

#[derive(Schema, Serialize, Deserialize, Clone, Default)]
pub struct Held {
    value: Unwritable,
}

impl StubbornTransitions for Stubborn {
    fn held_on_added(from: Held, _: &Added, _: &Context) -> Held {
        from
    }
}

#[test]
fn one_that_cannot_be_written_does_not_stop_a_commit() {
    let log = memory();
    let snapshots = Snapshots::of::<Stubborn>().every(1);
    let bus = Bus::builder(log.shared()).snapshots(snapshots).open().unwrap();
    bus.commit(bus.load::<Stubborn>("a").unwrap().record(Added { by: 1 }).unwrap()).unwrap();
    assert_eq!(bus.snapshots().left_out, 1);
    assert_eq!(log.snapshot(&stream("stubborn/a")).unwrap(), None);
    let error = bus.take_snapshot::<Stubborn>("a").unwrap_err();
    assert!(matches!(error, SnapshotError::Encode(_)), "{error}");
}

#[test]
fn a_lifecycle_has_one_set_of_snapshots() {
    let twice = Bus::builder(memory().shared())
        .snapshots(Snapshots::of::<Tally>())
        .snapshots(Snapshots::of::<Tally>().every(3))
        .open()
        .unwrap_err();
    assert!(matches!(&twice, OpenError::Repeated { .. }));
    assert_eq!(
        twice.to_string(),
        "two lifecycles with snapshots are named `tally`; rename one of them"
    );
}
