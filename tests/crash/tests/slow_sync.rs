//! R15, R20: a disk that takes its time.
//!
//! No time is measured: a gate holds up every sync until the test opens it.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use vitae::store::{AppendError, Commit, EventStore, Outcome, Ticket};
use vitae_crash_tests::{Call, Disk, Fault, draft, scratch};
use vitae_sqlite::{Options, SqliteStore};

/// How many commits may wait for the disk.
const QUEUE: usize = 4;

/// Long enough for everything that does not wait for the gate.
const LONG: Duration = Duration::from_secs(60);

/// Long enough to be answered, were it answered.
const SHORT: Duration = Duration::from_millis(50);

/// How long a commit waits for room.
const PATIENCE: Duration = Duration::from_secs(1);

/// A disk that holds up syncs until told otherwise, or until the test is over: then nothing hangs.
struct Gate(Arc<Disk>);

impl Gate {
    fn open(&self) {
        self.0.hold_syncs(false);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

/// A store whose disk holds up syncs, with one commit in the sync and the queue full of others. Of
/// the three, the gate is dropped first.
fn held_up(folder: &Path) -> (SqliteStore, Vec<(Commit, Ticket)>, Gate) {
    held_up_with(folder, SqliteStore::options().queue(QUEUE).queue_timeout(PATIENCE), QUEUE)
}

fn held_up_with(
    folder: &Path,
    options: Options,
    queued: usize,
) -> (SqliteStore, Vec<(Commit, Ticket)>, Gate) {
    let path = folder.join("events.db");
    drop(SqliteStore::open(&path).unwrap());
    let disk = Disk::watch(folder);
    let store = options.open(path).unwrap();
    disk.hold_syncs(true);
    let mut tickets = vec![append(&store, 1)];
    disk.wait_for_held_sync();
    for author in 2..=u8::try_from(queued).unwrap() + 1 {
        tickets.push(append(&store, author));
    }
    (store, tickets, Gate(disk))
}

fn append(store: &SqliteStore, author: u8) -> (Commit, Ticket) {
    let commit = draft(store, author).unwrap();
    (commit.clone(), store.append(commit))
}

#[test]
fn r15_appending_waits_for_no_disk_and_waiting_can_end() {
    let folder = scratch();
    let (appended, has_appended) = mpsc::channel();
    let path = folder.path().to_owned();
    std::thread::spawn(move || {
        assert!(appended.send(held_up(&path)).is_ok());
    });
    let (store, tickets, gate) = has_appended.recv_timeout(LONG).expect("append blocks");
    let mut pending = Vec::new();
    for (_, ticket) in tickets {
        pending.push(ticket.wait_timeout(SHORT).expect_err("it was answered without a sync"));
    }
    assert_eq!(store.head().unwrap(), None, "a reader sees what is not durable");
    gate.open();
    for ticket in pending {
        ticket.wait().unwrap();
    }
    assert_eq!(store.streams(&vitae::Name::new("own").unwrap(), None, 9).unwrap().len(), QUEUE + 1);
}

#[test]
fn r15_what_does_not_fit_waits_for_room() {
    let folder = scratch();
    // Time enough on a machine that is busy with others, too.
    let options = SqliteStore::options().queue(QUEUE).queue_timeout(LONG);
    let (store, tickets, gate) = held_up_with(folder.path(), options, QUEUE);
    let (_, waiting) = append(&store, 100);
    let waiting = waiting.wait_timeout(SHORT).expect_err("it was answered without room");
    gate.open();
    waiting.wait().unwrap();
    for (_, ticket) in tickets {
        ticket.wait().unwrap();
    }
}

#[test]
fn r15_what_finds_no_room_in_time_is_busy_and_nothing_of_it_is_written() {
    let folder = scratch();
    let (store, tickets, gate) = held_up(folder.path());
    let turned_away: Vec<_> = (100..110).map(|author| append(&store, author)).collect();
    let mut refused = Vec::new();
    for (commit, ticket) in turned_away {
        let answer = ticket.wait_timeout(LONG).expect("it waits without bound");
        let error = answer.expect_err("the queue has no bound");
        assert!(matches!(error, AppendError::Busy), "{error:?}");
        assert_eq!(error.outcome(), Outcome::NotWritten);
        refused.push(commit);
    }
    gate.open();
    for (_, ticket) in tickets {
        ticket.wait().unwrap();
    }
    for commit in refused {
        assert_eq!(store.receipt(commit.id).unwrap(), None);
        assert!(!store.append(commit).wait().unwrap().already_appended);
    }
}

#[test]
fn r20_dropping_a_store_answers_every_ticket_when_the_disk_does() {
    let folder = scratch();
    let (store, tickets, gate) = held_up(folder.path());
    let dropping = std::thread::spawn(move || drop(store));
    gate.open();
    for (_, ticket) in tickets {
        ticket.wait_timeout(LONG).expect("a ticket hangs").unwrap();
    }
    dropping.join().unwrap();
}

#[test]
fn r20_dropping_a_store_answers_every_ticket_when_the_disk_fails() {
    let folder = scratch();
    let (store, tickets, gate) = held_up(folder.path());
    let code = rusqlite::ffi::SQLITE_IOERR_FSYNC;
    gate.0.fail(Fault { call: Call::Sync, nth: 1, lasting: true, code });
    let dropping = std::thread::spawn(move || drop(store));
    gate.open();
    for (commit, ticket) in tickets {
        let error = ticket.wait_timeout(LONG).expect("a ticket hangs").unwrap_err();
        let typed = matches!(error, AppendError::OutcomeUnknown { .. } | AppendError::Closed);
        assert!(typed, "{}: {error:?}", commit.id);
    }
    dropping.join().unwrap();
}

#[test]
fn r15_the_queue_is_bounded_in_bytes_too() {
    let folder = scratch();
    // One commit always has room; of two, the second is over any bound.
    let options = SqliteStore::options().queue_bytes(1).queue_timeout(PATIENCE);
    let (store, tickets, gate) = held_up_with(folder.path(), options, 1);
    let (refused, ticket) = append(&store, 100);
    let answer = ticket.wait_timeout(LONG).expect("it waits without bound");
    assert!(matches!(answer, Err(AppendError::Busy)), "{answer:?}");
    gate.open();
    for (_, ticket) in tickets {
        ticket.wait().unwrap();
    }
    assert_eq!(store.receipt(refused.id).unwrap(), None);
}

#[test]
fn r20_closing_does_not_wait_for_ever() {
    let folder = scratch();
    let options = SqliteStore::options().queue(QUEUE).close_timeout(SHORT);
    let (store, tickets, gate) = held_up_with(folder.path(), options, QUEUE);
    // The disk is still held up.
    drop(store);
    let mut tickets = tickets.into_iter();
    let (uncertain, ticket) = tickets.next().unwrap();
    let error = ticket.wait_timeout(LONG).expect("a ticket hangs").unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let mut refused = Vec::new();
    for (commit, ticket) in tickets {
        let error = ticket.wait_timeout(LONG).expect("a ticket hangs").unwrap_err();
        assert!(matches!(error, AppendError::Closed), "{error:?}");
        refused.push(commit);
    }
    gate.open();
    let store = SqliteStore::open(folder.path().join("events.db")).unwrap();
    let known = store.receipt(uncertain.id).unwrap().is_some();
    assert_eq!(store.append(uncertain).wait().unwrap().already_appended, known);
    for commit in refused {
        assert_eq!(store.receipt(commit.id).unwrap(), None);
    }
}
