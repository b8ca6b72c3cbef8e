//! A damaged `-wal`: what is left is a prefix of whole commits, or nothing is opened.

use std::fs;
use std::path::Path;

use vitae::store::{Checkpoint, EventStore, ReadError};
use vitae_sqlite::SqliteStore;
use vitae_tests::name;

use crate::observe::observe;
use crate::specimen::{COMMITS, commit, reached};
use crate::{folder, stride};

/// A store as a crash leaves it: some commits are in the file, the later ones in the log beside it.
struct Crashed {
    file: Vec<u8>,
    log: Vec<u8>,
    /// What a reader saw after each of the commits that are in the log, and before the first.
    seen: Vec<String>,
    /// How far a reader had come at the end.
    reached: Checkpoint,
}

fn crashed() -> Crashed {
    let folder = folder();
    let path = folder.path().join("events.db");
    let store = SqliteStore::open(&path).unwrap();
    commit(&store, 0);
    commit(&store, 1);
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    let mut seen = vec![all(&store)];
    for nth in 2..COMMITS {
        commit(&store, nth);
        seen.push(all(&store));
    }
    let log = fs::read(folder.path().join("events.db-wal")).unwrap();
    Crashed { file: fs::read(&path).unwrap(), log, seen, reached: reached(&store) }
}

fn all(store: &SqliteStore) -> String {
    format!("{:?}", observe(store))
}

impl Crashed {
    /// Opens it with another log, and says after how many of the log's commits it stands; `None` if
    /// it is refused.
    #[track_caller]
    fn with_log(&self, path: &Path, log: &[u8]) -> Option<usize> {
        fs::write(path, &self.file).unwrap();
        fs::write(path.with_extension("db-wal"), log).unwrap();
        let _ = fs::remove_file(path.with_extension("db-shm"));
        let store = SqliteStore::open(path).ok()?;
        store.verify().unwrap();
        let all = all(&store);
        let commits = self.seen.iter().position(|seen| *seen == all);
        assert!(commits.is_some(), "what is left is no prefix of commits: {all}");
        if commits != Some(self.seen.len() - 1) {
            // Nothing in the file tells of the lost tail; who was further knows.
            let confirmed = self.reached.confirm(&name("reader"), &store);
            assert!(matches!(confirmed, Err(ReadError::Diverged { .. })), "{confirmed:?}");
        }
        commits
    }
}

#[test]
fn r02_of_a_damaged_log_a_prefix_of_whole_commits_is_left() {
    let crashed = crashed();
    let folder = folder();
    let path = folder.path().join("events.db");
    assert_eq!(crashed.with_log(&path, &crashed.log), Some(crashed.seen.len() - 1));
    let mut left = vec![0; crashed.seen.len()];
    // The log's own header and the first frame's byte by byte, then a sample.
    let sample = (56..crashed.log.len()).step_by(stride(499));
    for offset in (0..56).chain(sample) {
        let mut log = crashed.log.clone();
        log[offset] ^= 1 << (offset % 8);
        if let Some(commits) = crashed.with_log(&path, &log) {
            left[commits] += 1;
        }
    }
    println!("after a flip in the log, so many times 0, 1, … commits of it are left: {left:?}");
    let (whole, shorter) = left.split_last().unwrap();
    assert!(*whole == 0 && shorter.iter().all(|times| *times > 0), "{left:?}");
}

#[test]
fn r02_of_a_log_cut_short_a_prefix_of_whole_commits_is_left() {
    let crashed = crashed();
    let folder = folder();
    let path = folder.path().join("events.db");
    let mut before = 0;
    for length in (0..crashed.log.len()).step_by(stride(1_021)) {
        let commits = crashed.with_log(&path, &crashed.log[..length]);
        let commits = commits.expect("a log that is cut short is no reason to refuse");
        assert!(commits >= before, "{length} bytes: {commits} commits after {before}");
        before = commits;
    }
    assert!(before > 0);
}
