//! R2, R7, R19: the n-th read, write or sync failing, for every n until a run has none left.
//!
//! Each run makes a store, appends, closes it, and opens it again on a disk that is well. Then the
//! power goes. A sync that failed is taken at its worst: what it should have written is never
//! written by a later one that succeeds.

#![cfg(target_os = "linux")]

use std::path::Path;

use rusqlite::ffi;
use vitae::CommitId;
use vitae::store::{AppendError, EventStore, Outcome};
use vitae_crash_tests::{
    Call, Disk, Failed, Fault, Group, Record, crashes_now, judge_store, scratch, try_all,
};
use vitae_sqlite::{OpenError, SqliteStore};

/// Whose commits are appended: those of one line in one transaction.
const ROUNDS: [&[u8]; 4] = [&[1], &[2], &[1, 2, 3], &[1, 2, 3]];

/// What came of the commits of one run.
#[derive(Default)]
struct Answers {
    /// Of these nothing may have been written.
    refused: Vec<CommitId>,
    unknown: Vec<vitae::store::Commit>,
}

/// Runs on disks whose n-th call fails, for every n. `expected` says which answers the fault may
/// have besides those that follow from a commit of unknown outcome.
#[track_caller]
fn every(call: Call, code: i32, expected: fn(&AppendError) -> bool) {
    let (mut refused, mut unknown) = (0, 0);
    for lasting in [false, true] {
        for nth in 1.. {
            assert!(nth < 5_000, "it never ends");
            let fault = Fault { call, nth, lasting, code };
            let Some(answers) = one(fault, expected) else {
                assert!(nth > 3, "nothing was there to fail");
                break;
            };
            refused += answers.refused.len();
            unknown += answers.unknown.len();
        }
    }
    println!("{call:?}: {refused} refused, {unknown} unknown");
}

/// One run; `None` if the fault did not strike.
fn one(fault: Fault, expected: fn(&AppendError) -> bool) -> Option<Answers> {
    let folder = scratch();
    let path = folder.path().join("events.db");
    let disk = Disk::watch(folder.path());
    let record = Record::default();
    disk.fail(fault);
    let answers = append_some(&path, &disk, &record, fault, expected);
    if !disk.has_failed() {
        return None;
    }
    disk.heal();
    let store = SqliteStore::open(&path).unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
    let judged = judge_store(&store, &record.attempted(), &record.acknowledged());
    assert!(judged.is_ok(), "{fault:?}: {judged:?}");
    for commit in &answers.refused {
        let acknowledged = record.acknowledged().iter().any(|receipt| receipt.commit == *commit);
        let found = store.receipt(*commit).unwrap();
        assert!(acknowledged || found.is_none(), "{fault:?}: {commit} was refused, and is there");
    }
    for commit in &answers.unknown {
        let found = store.receipt(commit.id).unwrap();
        must_stay(&disk, commit.id, found.is_some(), fault);
        let again = store.append(commit.clone()).wait().unwrap();
        assert_eq!(found.is_some(), again.already_appended, "{fault:?}");
        record.acknowledge(again, &disk);
    }
    // The power goes while the store is open.
    let images = if answers.unknown.is_empty() { 0 } else { 4 };
    let outcomes = try_all(crashes_now(&disk, images, fault.nth), &record);
    assert!(outcomes.first.is_none(), "{fault:?}: {:?}", outcomes.first);
    Some(answers)
}

/// What an opened store has said of a commit, it says after a power cut too.
fn must_stay(disk: &Disk, commit: CommitId, there: bool, fault: Fault) {
    let folder = scratch();
    for image in crashes_now(disk, 0, 1) {
        image.restore(folder.path());
        let store = SqliteStore::open(folder.path().join("events.db")).unwrap();
        let found = store.receipt(commit).unwrap().is_some();
        assert_eq!(found, there, "{fault:?}: {commit}: {}", image.place);
    }
}

const fn is_closed(error: &AppendError) -> bool {
    matches!(error, AppendError::Closed)
}

/// Opens a store on a disk that fails, appends some commits and closes it.
fn append_some(
    path: &Path,
    disk: &Disk,
    record: &Record,
    fault: Fault,
    expected: fn(&AppendError) -> bool,
) -> Answers {
    let mut answers = Answers::default();
    let group = Group::new();
    let store =
        match SqliteStore::options().clock(group.clone()).index_every(4).bundles(2, 2).open(path) {
            Ok(store) => store,
            Err(error) => {
                // A disk that fails is not a file that is wrong.
                let typed = match error {
                    OpenError::StorageFull { .. } => fault.code == ffi::SQLITE_FULL,
                    OpenError::Failed { .. } => fault.code != ffi::SQLITE_FULL,
                    _ => false,
                };
                assert!(typed && disk.has_failed(), "{fault:?}: {error:?}");
                return answers;
            }
        };
    for authors in ROUNDS {
        let closed = !answers.unknown.is_empty();
        let before = disk.has_failed_a_commit();
        let failed = group.run(&store, authors, record, disk).into_iter().filter_map(Result::err);
        let mut refused = Vec::new();
        for failed in failed {
            match failed {
                Failed::Read(_) => assert_eq!(fault.call, Call::Read, "{fault:?}"),
                Failed::Append(commit, error) if error.outcome() == Outcome::Unknown => {
                    let same = answers.unknown.iter().any(|unknown| unknown.id == commit.id);
                    assert!(same || !closed, "{fault:?}: taken after one of unknown outcome");
                    if !same {
                        answers.unknown.push(*commit);
                    }
                }
                Failed::Append(commit, error) => refused.push((commit.id, error)),
            }
        }
        let now = disk.has_failed_a_commit() && !before;
        assert!(!now || !answers.unknown.is_empty(), "{fault:?}: no sync, and all is known");
        for (commit, error) in refused {
            // Tried alone after the one of unknown outcome, it is refused as later ones are.
            let after = is_closed(&error) && !answers.unknown.is_empty();
            assert!(after || (!closed && expected(&error)), "{fault:?}: {error:?}");
            answers.refused.push(commit);
        }
    }
    answers
}

#[test]
fn r07_a_sync_that_fails_leaves_the_outcome_unknown_and_the_store_closed() {
    every(Call::Sync, ffi::SQLITE_IOERR_FSYNC, |_| false);
}

#[test]
fn r07_a_write_that_fails_is_said_and_loses_nothing() {
    every(Call::Write, ffi::SQLITE_IOERR_WRITE, |error| matches!(error, AppendError::Backend(_)));
}

#[test]
fn r07_a_write_that_finds_no_room_is_said_and_loses_nothing() {
    every(Call::Write, ffi::SQLITE_FULL, |error| matches!(error, AppendError::StorageFull));
}

#[test]
fn r07_a_read_that_fails_is_said_and_loses_nothing() {
    every(Call::Read, ffi::SQLITE_IOERR_READ, |error| matches!(error, AppendError::Backend(_)));
}
