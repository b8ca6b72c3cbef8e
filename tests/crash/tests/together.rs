//! R1, R6, R7: what one commit meets, said to those that share its transaction.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use vitae::store::{AppendError, Commit, EventStore, Receipt};
use vitae_crash_tests::{Disk, Group, draft, judge_store, scratch};
use vitae_sqlite::{Options, SqliteStore};

type Answers = Vec<Result<Receipt, AppendError>>;

/// A store whose commits are appended together, with one in it.
struct Subject {
    path: PathBuf,
    store: SqliteStore,
    group: Arc<Group>,
    attempted: Vec<Commit>,
    acknowledged: Vec<Receipt>,
}

impl Subject {
    fn new(folder: &Path, options: Options) -> Self {
        let (path, group) = (folder.join("events.db"), Group::new());
        let store = options.clock(group.clone()).open(&path).unwrap();
        let (attempted, acknowledged) = (Vec::new(), Vec::new());
        let mut subject = Self { path, store, group, attempted, acknowledged };
        let first = subject.draft(1);
        assert!(subject.append(&[&first])[0].is_ok());
        subject
    }

    fn draft(&self, author: u8) -> Commit {
        draft(&self.store, author).unwrap()
    }

    /// Appends in one transaction. What stands in the log then is what was acknowledged.
    fn append(&mut self, commits: &[&Commit]) -> Answers {
        let commits: Vec<_> = commits.iter().map(|commit| (*commit).clone()).collect();
        let answers = self.group.append(&self.store, &commits);
        for commit in commits {
            if self.attempted.iter().all(|known| known.id != commit.id) {
                self.attempted.push(commit);
            }
        }
        let new = answers.iter().flatten().filter(|receipt| !receipt.already_appended);
        self.acknowledged.extend(new.cloned());
        let found = judge_store(&self.store, &self.attempted, &self.acknowledged).unwrap();
        assert_eq!(found, self.acknowledged.len());
        answers
    }
}

#[track_caller]
fn without_room(answer: &Result<Receipt, AppendError>) {
    assert!(matches!(answer, Err(AppendError::StorageFull)), "{answer:?}");
}

/// The control of all the others.
#[test]
fn what_is_appended_together_shares_a_transaction() {
    let folder = scratch();
    let mut subject = Subject::new(folder.path(), SqliteStore::options());
    let together = [2, 3, 4].map(|author| subject.draft(author));
    let answers = subject.append(&together.each_ref());
    let times: Vec<_> = answers.iter().map(|answer| answer.as_ref().unwrap().recorded_at).collect();
    assert_eq!(times, [times[0]; 3]);
    assert_ne!(times[0], subject.acknowledged[0].recorded_at);
}

#[test]
fn r06_what_was_in_the_log_has_its_receipt_when_the_others_find_no_room() {
    let folder = scratch();
    let disk = Disk::watch(folder.path());
    let mut subject = Subject::new(folder.path(), SqliteStore::options());
    let (there, receipt) = (subject.attempted[0].clone(), subject.acknowledged[0].clone());
    let mut another = there.clone();
    another.events[0].payload = vec![8].into();
    let [one, two] = [2, 3].map(|author| subject.draft(author));
    disk.set_full(true);
    let answers = subject.append(&[&one, &there, &two, &another, &one]);
    assert_eq!(*answers[1].as_ref().unwrap(), receipt.clone().repeated());
    let conflict = &answers[3];
    assert!(matches!(conflict, Err(AppendError::IdempotencyConflict { .. })), "{conflict:?}");
    // It is there twice, and not in the log.
    for found_none in [0, 2, 4] {
        without_room(&answers[found_none]);
    }
    disk.set_full(false);
    let answers = subject.append(&[&one, &there, &two, &one]);
    let repeated = answers.iter().map(|answer| answer.as_ref().unwrap().already_appended);
    assert!(repeated.eq([false, true, false, true]));
}

#[test]
fn r01_of_a_commit_that_finds_no_room_midway_nothing_stays_and_the_others_are_tried_alone() {
    let folder = scratch();
    let mut subject = Subject::new(folder.path(), SqliteStore::options().max_pages(200));
    let there = subject.attempted[0].clone();
    let [one, mut large, two] = [2, 3, 4].map(|author| subject.draft(author));
    // 2 MB, where 800 KB have room.
    for _ in 0..100 {
        let mut event = large.events[1].clone();
        event.payload = vec![7; 20_000].into();
        large.events.push(event);
    }
    for repeated in [false, true] {
        let answers = subject.append(&[&one, &there, &large, &two]);
        without_room(&answers[2]);
        let others = [&answers[0], &answers[1], &answers[3]];
        let others = others.map(|answer| answer.as_ref().unwrap().already_appended);
        assert_eq!(others, [repeated, true, repeated]);
    }
}

/// No view row has a version left: that is seen when the events of the commit have been written.
#[test]
fn r01_of_a_commit_that_fails_midway_nothing_stays_and_the_others_are_tried_alone() {
    let folder = scratch();
    let subject = Subject::new(folder.path(), SqliteStore::options());
    let mut commits = [2, 3, 4].map(|author| subject.draft(author));
    commits[0].rows.clear();
    commits[2].rows.clear();
    let other = Connection::open(&subject.path).unwrap();
    other.execute("UPDATE meta SET row_version = ?1", [i64::MAX]).unwrap();

    let answers = subject.group.append(&subject.store, &commits);
    assert!(matches!(answers[1], Err(AppendError::Backend(_))), "{:?}", answers[1]);
    assert!(answers[0].is_ok() && answers[2].is_ok(), "{answers:?}");
    // Reopened, nothing comes from memory.
    drop(subject.store);
    let store = SqliteStore::open(&subject.path).unwrap();
    let there = [&subject.attempted[0], &commits[0], &commits[2]];
    let events: usize = there.iter().map(|commit| commit.events.len()).sum();
    assert_eq!(store.verify().unwrap(), events as u64);
    for (commit, found) in commits.iter().zip([true, false, true]) {
        let (own, reader) = (&commit.streams[0].id, &commit.checkpoints[0].name);
        assert_eq!(store.receipt(commit.id).unwrap().is_some(), found);
        assert_eq!(store.checkpoint(reader).unwrap().is_some(), found);
        let listed = store.streams(own.category(), None, 10).unwrap();
        assert_eq!(listed.contains(own), found);
    }
}
