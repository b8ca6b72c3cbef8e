//! Stopped at any moment and resumed, a replay ends as if it had never been stopped.

#![cfg(test)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use agent_runtime::bus;
use agent_runtime::replay::Replay;
use support::{Recording, listing, open, program, replay, story};
use vitae::MemoryStore;
use vitae::store::EventStore;
use vitae_sqlite::{Durability, SqliteStore};

#[test]
fn a_bus_for_every_line_gives_what_one_bus_gives() {
    for recording in support::all() {
        let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
        for lines in 1..=recording.lines.len() {
            recording.replay(&bus(store.clone()).unwrap(), lines);
        }
        let resumed = bus(store).unwrap();
        recording.check_end(&resumed);
        assert_eq!(story(&resumed), story(&recording.unstopped()), "{}", recording.name);
    }
}

#[test]
fn a_store_for_every_line_gives_what_one_store_gives() {
    let folder = tempfile::tempdir().unwrap();
    for recording in support::all() {
        let db = folder.path().join(&recording.name);
        for lines in 1..=recording.lines.len() {
            // No power fails here: what a disk does at every commit is left to other tests.
            let options = SqliteStore::options().durability(Durability::LostOnPowerFailure);
            let store = options.open(&db).unwrap();
            recording.replay(&bus(Arc::new(store)).unwrap(), lines);
        }
        recording.check_file(&db, &story(&recording.unstopped()));
    }
}

#[test]
fn a_stop_after_any_line_and_a_new_process_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for recording in support::own() {
        let unstopped = story(&recording.unstopped());
        let stopped = folder.path().join(&recording.name);
        for lines in 0..=recording.lines.len() {
            replay(&recording.path, &stopped, &["--stop-after", &lines.to_string()]);
            assert_eq!(consumed(&stopped, &recording), lines, "{}", recording.name);
            // What a stop leaves on the disk is all that the next process has.
            let resumed = folder.path().join(format!("{}-{lines}", recording.name));
            copy(&stopped, &resumed);
            replay(&recording.path, &resumed, &[]);
            recording.check_file(&resumed, &unstopped);
        }
    }
}

/// Stopped after every line: each line is taken by a process of its own.
#[test]
fn a_process_for_every_line_gives_what_one_process_gives() {
    let folder = tempfile::tempdir().unwrap();
    for recording in support::shared() {
        let db = folder.path().join(&recording.name);
        for lines in 1..=recording.lines.len() {
            replay(&recording.path, &db, &["--stop-after", &lines.to_string()]);
        }
        replay(&recording.path, &db, &[]);
        recording.check_file(&db, &story(&recording.unstopped()));
    }
}

#[test]
fn no_acknowledged_line_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(0x5eed);
    for recording in ["budget", "demo"].map(support::named) {
        let unstopped = story(&recording.unstopped());
        let db = folder.path().join(&recording.name);
        for round in 0..12 {
            // Every round begins where the one before it was killed, but for every fourth, which
            // begins anew.
            if round % 4 == 0 {
                let _ = std::fs::remove_dir_all(&db);
                std::fs::create_dir(&db).unwrap();
            }
            let db = db.join("log");
            let mut child = program()
                .args(["replay".as_ref(), recording.path.as_path()])
                .args(["--db".as_ref(), db.as_path()])
                .args(["--pace", "2"])
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            // Once some line is acknowledged, and a moment more: anywhere in a commit.
            let lines = u64::try_from(recording.lines.len()).unwrap();
            let line = usize::try_from(random.below(lines)).unwrap();
            while consumed(&db, &recording) < line && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros(random.below(6_000)));
            let acknowledged = consumed(&db, &recording);
            child.kill().unwrap();
            child.wait().unwrap();
            let recovered = consumed(&db, &recording);
            assert!(acknowledged <= recovered, "{acknowledged} > {recovered}");
            if db.exists() {
                let bus = open(&db);
                bus.store().verify().unwrap();
                // Whole lines, and no half of one.
                let whole = agent_runtime::bus(Arc::new(MemoryStore::new())).unwrap();
                recording.replay(&whole, recovered);
                assert_eq!(story(&bus), story(&whole), "{}", recording.name);
            }
        }
        replay(&recording.path, &db.join("log"), &[]);
        recording.check_file(&db.join("log"), &unstopped);
    }
}

#[test]
fn a_finished_replay_run_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for recording in support::own() {
        let db = folder.path().join(&recording.name);
        let lines = recording.lines.len();
        let said = replay(&recording.path, &db, &[]);
        assert!(said.ends_with(&format!(": {lines} lines taken, 0 were there before\n")));
        let (head, log) = (open(&db).store().head().unwrap(), listing("log", &db));
        let said = replay(&recording.path, &db, &[]);
        assert!(said.ends_with(&format!(": 0 lines taken, {lines} were there before\n")));
        assert_eq!(open(&db).store().head().unwrap(), head);
        assert_eq!(listing("log", &db), log);
    }
}

/// Copies a store that no process has open: its file, and the log beside it.
fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
    let [log, copy] = [from, to].map(|path| PathBuf::from(format!("{}-wal", path.display())));
    if log.exists() {
        std::fs::copy(log, copy).unwrap();
    }
}

/// How many lines a file's checkpoint says were consumed; none if there is no file yet.
fn consumed(db: &Path, recording: &Recording) -> usize {
    if !db.exists() {
        return 0;
    }
    let replay = Replay::open(open(db), recording.session.clone()).unwrap();
    usize::try_from(replay.consumed()).unwrap()
}

/// Numbers that are the same in every run (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
