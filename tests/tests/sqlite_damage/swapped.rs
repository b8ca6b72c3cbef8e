//! Files that do not belong together, and a log that is another one than a reader knows.

use std::fs;

use vitae::store::{Checkpoint, EventStore, ReadError};
use vitae_sqlite::SqliteStore;
use vitae_tests::{Draft, name};

use crate::folder;
use crate::observe::{EVENTS, Verdict, judge, observe};
use crate::specimen::{COMMITS, commit, reached};

/// Of a store that is played a log which is not its own, nothing that was never written is shown,
/// and `verify` says so unless it looks like one of its own earlier days.
#[test]
fn r11_a_stale_log_beside_a_restored_file_shows_nothing_wrong() {
    let folder = folder();
    let path = folder.path().join("events.db");
    let log = folder.path().join("events.db-wal");
    // Each day: what the file and its log are in the evening, and what a reader sees.
    let mut days = Vec::new();
    for nth in 0..COMMITS {
        let store = SqliteStore::open(&path).unwrap();
        commit(&store, nth);
        let evening = (fs::read(&path).unwrap(), fs::read(&log).unwrap());
        days.push((evening, observe(&store)));
    }
    let (mut refused, mut own, mut noticed) = (0, 0, 0);
    let (_, last) = days.last().unwrap();
    for (file_of, ((file, _), _)) in days.iter().enumerate() {
        for (log_of, ((_, stale), _)) in days.iter().enumerate().filter(|day| day.0 != file_of) {
            fs::write(&path, file).unwrap();
            fs::write(&log, stale).unwrap();
            let _ = fs::remove_file(folder.path().join("events.db-shm"));
            let Ok(store) = SqliteStore::open(&path) else {
                refused += 1;
                continue;
            };
            let seen = observe(&store);
            for (answer, right) in seen.iter().zip(last) {
                let wrong = EVENTS.contains(&answer.0) && judge(answer, right) == Verdict::Wrong;
                assert!(!wrong, "file {file_of}, log {log_of}: {answer:?}");
            }
            let seen = format!("{seen:?}");
            let known = days.iter().any(|(_, day)| format!("{day:?}") == seen);
            match store.verify() {
                Err(_) => noticed += 1,
                Ok(_) if known => own += 1,
                Ok(_) => panic!("file {file_of}, log {log_of}: verify sees nothing in {seen}"),
            }
        }
    }
    println!("refused {refused}, as on an earlier day {own}, noticed by verify {noticed}");
    assert_eq!(refused + own + noticed, days.len() * (days.len() - 1));
}

fn confirmed(checkpoint: &Checkpoint, store: &dyn EventStore) -> bool {
    match checkpoint.confirm(&name("reader"), store) {
        Ok(()) => true,
        Err(ReadError::Diverged { checkpoint }) if checkpoint == name("reader") => false,
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn r10_a_reader_notices_that_its_file_was_swapped_or_restored() {
    let folder = folder();
    let (path, backup) = (folder.path().join("events.db"), folder.path().join("backup.db"));
    let other = folder.path().join("other.db");
    let store = SqliteStore::open(&path).unwrap();
    commit(&store, 0);
    drop(store);
    fs::copy(&path, &backup).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    let early = reached(&store);
    commit(&store, 1);
    let late = reached(&store);
    assert!(confirmed(&early, &store) && confirmed(&late, &store));
    drop(store);

    // The same commits, at another time.
    let store = SqliteStore::open(&other).unwrap();
    (0..COMMITS).for_each(|nth| commit(&store, nth));
    drop(store);
    fs::rename(&other, &path).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    assert!(!confirmed(&early, &store) && !confirmed(&late, &store));
    drop(store);

    fs::rename(&backup, &path).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    assert!(confirmed(&early, &store) && !confirmed(&late, &store));
    // It goes on differently: what the reader knew at that position was something else.
    Draft::new().on("a/1").event("x", b"").event("x", b"").must(&store);
    assert!(confirmed(&early, &store) && !confirmed(&late, &store));
}
