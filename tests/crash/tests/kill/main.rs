//! R1, R2: `kill -9` at a random moment, and what the next process finds.
//!
//! `VITAE_KILL_ROUNDS` sets how often, and `VITAE_KILL_SEED` when.

#![cfg(target_os = "linux")]

mod child;
mod packing;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use fastrand::Rng;
use vitae::store::{EventRef, EventStore, Query, Read, ReadError};
use vitae::{Clock, CommitId, EventId, ManualClock, Name, SystemClock};
use vitae_crash_tests::{scratch, setting};
use vitae_sqlite::SqliteStore;

use crate::child::{COUNTS, TABLE, TOTALS, booked, bus, filed};

/// How often one store is written to and killed before there is a new one: checking it takes as
/// long as it is.
const LIVES: usize = 10;

/// The environment variable that makes this program a child, and names the store.
const FILE: &str = "VITAE_KILL_FILE";

#[test]
fn r02_a_killed_process_loses_nothing_that_was_acknowledged() {
    let rounds = setting("VITAE_KILL_ROUNDS", 20);
    let mut rng = Rng::with_seed(u64::try_from(setting("VITAE_KILL_SEED", 1)).unwrap());
    let mut folder = scratch();
    let mut all = Vec::new();
    let mut total = 0;
    for round in 0..rounds {
        if round % LIVES == 0 {
            (folder, all) = (scratch(), Vec::new());
        }
        let path = folder.path().join("events.db");
        let acknowledged = live_and_die(&path, &mut rng);
        total += acknowledged.len();
        all.extend(acknowledged);
        check(&path, &all);
    }
    println!("{rounds} rounds, {total} acknowledgements");
    assert!(total > rounds, "most were killed before they did anything");
}

#[test]
#[ignore = "not a test: what the children of the other do"]
fn as_a_child() {
    if let Some(path) = std::env::var_os(FILE) {
        child::work(Path::new(&path), &outside(Path::new(&path)));
    }
}

/// Starts this program as a child, or as two at once, kills one after the other after a while, and returns
/// what they had acknowledged. Every second time it lets each begin, however long a process takes to start
/// here; else it may die on the way.
fn live_and_die(path: &Path, rng: &mut Rng) -> Vec<CommitId> {
    let children: Vec<_> = (0..rng.usize(1..=2)).map(|_| Living::start(path)).collect();
    let begins = rng.bool();
    let acknowledged = children.into_iter().flat_map(|child| {
        if begins {
            child.begun.recv().expect("the child came to an end by itself");
        }
        std::thread::sleep(Duration::from_micros(rng.u64(0..300_000)));
        child.kill()
    });
    acknowledged.collect()
}

/// A child, and who reads what it says.
struct Living {
    child: Child,
    /// Told once it has acknowledged something.
    begun: Receiver<()>,
    said: JoinHandle<Vec<String>>,
}

impl Living {
    fn start(path: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "as_a_child"])
            .env(FILE, path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Read beside it: a full pipe would hold it up.
        let (tell, begun) = sync_channel(1);
        let said = std::thread::spawn(move || {
            let heard = |line: &String| {
                if line.starts_with("acknowledged ") {
                    // The first is enough: nobody takes the others.
                    let _ = tell.try_send(());
                }
            };
            lines.map_while(Result::ok).inspect(heard).collect()
        });
        Self { child, begun, said }
    }

    /// SIGKILL: nothing in the child runs any more.
    fn kill(mut self) -> Vec<CommitId> {
        self.child.kill().unwrap();
        assert!(!self.child.wait().unwrap().success(), "the child came to an end by itself");
        let lines = self.said.join().unwrap();
        let whole =
            lines.iter().filter_map(|line| line.strip_prefix("acknowledged ")?.strip_suffix('.'));
        whole.map(commit_id).collect()
    }
}

/// What the effect writes to: outside of the store.
fn outside(path: &Path) -> PathBuf {
    path.with_extension("outside")
}

fn commit_id(hex: &str) -> CommitId {
    let byte = |index| u8::from_str_radix(&hex[index * 2..index * 2 + 2], 16).unwrap();
    CommitId::from_bytes(std::array::from_fn(byte))
}

/// Opens what was left, and asks whether it is whole.
fn check(path: &Path, acknowledged: &[CommitId]) {
    let store = Arc::new(SqliteStore::open(path).unwrap());
    for commit in acknowledged {
        assert!(
            store.receipt(*commit).unwrap().is_some(),
            "{commit} was acknowledged, and is lost"
        );
    }
    let events = store.verify().unwrap();
    each_effect_has_its_cause(&*store);
    let outside = outside(path);
    // So late that the leases of the dead have run out.
    let late = SystemClock.now().saturating_add(Duration::from_secs(60));
    let bus = bus(&store, &outside, Arc::new(ManualClock::new(late)));
    for worker in ["worker-0", "worker-1"] {
        let total: Option<u64> = bus.view(TOTALS).unwrap().get(worker).unwrap();
        assert_eq!(total.unwrap_or(0), booked(&bus, worker), "{worker}");
    }
    assert_eq!(bus.rebuild(TOTALS).unwrap().changed, 0, "rows differ from what events say");
    assert!(bus.drift(COUNTS).unwrap().differing.is_empty(), "rows and checkpoint are apart");
    each_table_fits_its_checkpoint(&store);
    // What was under way comes to its end.
    bus.catch_up().unwrap();
    packing::pack_the_rest(&bus);
    each_has_its_own_cause(&*store, "archive.filed");
    let packed = each_has_its_own_cause(&*store, "belt.packed");
    let (mut finished, mut on_log) = (0, 0);
    visit(&*store, Query::kinds([Name::new("job.finished").unwrap()]), |_| on_log += 1);
    for worker in ["worker-0", "worker-1"] {
        let counted: Option<u64> = bus.view(COUNTS).unwrap().get(worker).unwrap();
        assert_eq!(counted.unwrap_or(0), filed(&bus, worker), "{worker}");
        finished += filed(&bus, worker);
    }
    assert_eq!(finished, on_log, "a job was not filed");
    assert_eq!(packed, on_log, "a job was not packed");
    assert_eq!(called_out(&outside), finished, "a job was not called out");
    let jobs = "SELECT count(DISTINCT job) = count(*), count(*) FROM finished_jobs";
    let jobs =
        store.sql_reader().unwrap().query_row(jobs, (), |row| Ok((row.get(0)?, row.get(1)?)));
    assert_eq!(
        jobs.unwrap(),
        (true, finished.cast_signed()),
        "the table differs from what events say"
    );
    assert!(store.verify().unwrap() >= events);
}

/// A finished job and its booking stand in one commit, one after the other, each never alone.
fn each_effect_has_its_cause(store: &dyn EventStore) {
    let mut cause: Option<EventId> = None;
    let kinds = ["job.finished", "ledger.booked"].map(|kind| Name::new(kind).unwrap());
    visit(store, Query::kinds(kinds), |event| match cause.take() {
        None => {
            assert_eq!(event.kind(), "job.finished", "an effect without its cause");
            cause = Some(event.id());
        }
        Some(id) => {
            assert_eq!(event.kind(), "ledger.booked", "a cause without its effect");
            assert_eq!((event.causation(), event.id().commit), (Some(id), id.commit));
        }
    });
    assert_eq!(cause, None, "the last cause has no effect");
}

/// The tables of the projection, the live one and one that is computed anew, hold the finished jobs up to
/// their checkpoints.
fn each_table_fits_its_checkpoint(store: &SqliteStore) {
    let reader = store.sql_reader().unwrap();
    let checkpoints = format!("view/%/vitae.tables/{TABLE}");
    let live = "SELECT name, position FROM checkpoints WHERE name LIKE ?1 AND cursor = x''";
    let mut live = reader.prepare(live).unwrap();
    let live = live.query_map((checkpoints,), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for (checkpoint, position) in live.map(|found| found.unwrap()) {
        let (checkpoint, position): (String, i64) = (checkpoint, position);
        let generation = checkpoint.split('/').nth(1).unwrap();
        let jobs = format!("SELECT count(*) FROM \"sql:{TABLE}:{generation}:jobs\"");
        let jobs: i64 = reader.query_row(&jobs, (), |row| row.get(0)).unwrap();
        let mut finished = 0;
        visit(store, Query::kinds([Name::new("job.finished").unwrap()]), |event| {
            finished += i64::from(event.position().get().cast_signed() <= position);
        });
        assert_eq!(jobs, finished, "a table and its checkpoint are apart");
    }
}

/// What a durable policy or a consumer made of an event is on the log never twice. Says how many it is.
fn each_has_its_own_cause(store: &dyn EventStore, kind: &str) -> u64 {
    let mut causes = HashSet::new();
    visit(store, Query::kinds([Name::new(kind).unwrap()]), |event| {
        assert!(causes.insert(event.causation()), "two {kind} have one cause");
    });
    causes.len() as u64
}

/// How many jobs were called out, each with one key, once or more.
fn called_out(outside: &Path) -> u64 {
    let lines = std::fs::read_to_string(outside).unwrap();
    let mut keys: HashMap<&str, HashSet<&str>> = HashMap::new();
    // A call may have been cut short, as any can that is far away.
    for line in lines.lines().filter_map(|line| line.strip_suffix('.')) {
        let (key, job) = line.split_once(' ').unwrap();
        keys.entry(job).or_default().insert(key);
    }
    assert!(keys.values().all(|keys| keys.len() == 1), "a job was called out with two keys");
    keys.len() as u64
}

fn visit(store: &dyn EventStore, query: Query, mut each: impl FnMut(&EventRef<'_>)) {
    let all = store.visit(Read::log(query), |event| {
        each(event);
        Ok::<_, ReadError>(ControlFlow::Continue(()))
    });
    all.unwrap();
}
