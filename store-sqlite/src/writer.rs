//! The thread that writes.
//!
//! Owns the only connection that writes, the transactions on it, and the three answers that a
//! commit can have. Never takes a commit after one whose outcome is unknown.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use vitae::store::{AppendError, Commit, Completer, Digest, Publisher, Receipt, Ticket};
use vitae::{Clock, CommitId, Timestamp};

use crate::append::{self, Stop};
use crate::error::Fault;

/// The queue of commits, and the thread behind it.
pub(crate) struct Writer {
    /// `None` only while it is dropped.
    queue: Option<SyncSender<Queued>>,
    thread: Option<JoinHandle<()>>,
}

struct Queued {
    commit: Commit,
    digest: Digest,
    completer: Completer,
}

impl Writer {
    pub(crate) fn start(
        connection: Connection,
        clock: Arc<dyn Clock>,
        commits: usize,
        publisher: Arc<Publisher>,
    ) -> std::io::Result<Self> {
        let (queue, waiting) = sync_channel(commits.max(1));
        let thread = std::thread::Builder::new()
            .name("vitae-sqlite".to_owned())
            .spawn(move || run(connection, &*clock, &waiting, &publisher))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    pub(crate) fn submit(&self, digest: Digest, commit: Commit) -> Ticket {
        let (ticket, completer) = Ticket::pending(commit.id);
        let Some(queue) = &self.queue else {
            return Ticket::ready(Err(AppendError::Closed));
        };
        let queued = Queued { commit, digest, completer };
        let (queued, answer) = match queue.try_send(queued) {
            Ok(()) => return ticket,
            Err(TrySendError::Full(queued)) => (queued, AppendError::Busy),
            Err(TrySendError::Disconnected(queued)) => (queued, AppendError::Closed),
        };
        queued.completer.complete(Err(answer));
        ticket
    }
}

impl Drop for Writer {
    /// Waits until every queued commit has its answer.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            // A ticket's waker may hold the last handle: a thread cannot wait for itself.
            && thread.thread().id() != std::thread::current().id()
        {
            // A panic there has left its tickets answered: unknown.
            let _ = thread.join();
        }
    }
}

fn run(connection: Connection, clock: &dyn Clock, queue: &Receiver<Queued>, publisher: &Publisher) {
    let mut closed: Option<AppendError> = None;
    for queued in queue {
        if let Some(reason) = &closed {
            queued.completer.complete(Err(after(reason, queued.commit.id)));
            continue;
        }
        // The clock is somebody else's code: it is asked before the file is held.
        let now = clock.now();
        let answer = commit_to(&connection, &queued.commit, queued.digest, now);
        closed = match &answer {
            Err(
                reason @ (AppendError::OutcomeUnknown { .. } | AppendError::FormatChanged { .. }),
            ) => Some(reason.clone()),
            _ if !connection.is_autocommit() => Some(AppendError::Closed),
            _ => None,
        };
        let last = answer.as_ref().ok().and_then(|receipt| receipt.positions);
        publisher.publish(last.map(|(_, last)| last));
        queued.completer.complete(answer);
    }
}

/// The answer to a commit that comes after the one that closed the store.
fn after(reason: &AppendError, commit: CommitId) -> AppendError {
    match reason {
        // Of the uncertain commit nothing is known now either.
        AppendError::OutcomeUnknown { commit: uncertain, .. } if *uncertain != commit => {
            AppendError::Closed
        }
        reason => reason.clone(),
    }
}

fn commit_to(
    connection: &Connection,
    commit: &Commit,
    digest: Digest,
    now: Timestamp,
) -> Result<Receipt, AppendError> {
    // Takes the file before it looks at it: what it finds stays true until the end.
    run_sql(connection, "BEGIN IMMEDIATE")?;
    match append::append(connection, commit, digest, now) {
        Ok(receipt) if receipt.already_appended => {
            // If it fails, the writer stops: the connection is still in the transaction.
            let _ = run_sql(connection, "ROLLBACK");
            Ok(receipt)
        }
        Ok(receipt) => {
            finish(connection, commit)?;
            Ok(receipt)
        }
        Err(stop) => {
            let _ = run_sql(connection, "ROLLBACK");
            Err(match stop {
                Stop::Refused(refusal) => refusal,
                Stop::Fault(fault) => fault.into(),
            })
        }
    }
}

/// Commits, and says what is known if that fails.
fn finish(connection: &Connection, commit: &Commit) -> Result<(), AppendError> {
    let Err(fault) = run_sql(connection, "COMMIT") else {
        return Ok(());
    };
    let still_open = !connection.is_autocommit();
    let _ = run_sql(connection, "ROLLBACK");
    match fault {
        // No room for the last frame, or no lock: the log holds no end of this transaction.
        Fault::Full => Err(AppendError::StorageFull),
        Fault::Busy if still_open => Err(AppendError::Busy),
        fault => {
            Err(AppendError::OutcomeUnknown { commit: commit.id, source: fault.into_source() })
        }
    }
}

fn run_sql(connection: &Connection, sql: &str) -> Result<(), Fault> {
    connection.prepare_cached(sql)?.execute(())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use vitae::store::{Outcome, RowChange};
    use vitae::{Name, SystemClock};

    use super::*;
    use crate::options::Options;
    use crate::{SqliteStore, connect};

    #[test]
    fn after_a_commit_of_unknown_outcome_nothing_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db");
        drop(SqliteStore::open(&path).unwrap());
        let mut connection = connect::writer(&path, &Options::default()).unwrap();
        let failing = Arc::new(AtomicBool::new(false));
        let fails = Arc::clone(&failing);
        // COMMIT itself fails, as it does when the disk does.
        connection.commit_hook(Some(move || fails.load(Ordering::Relaxed))).unwrap();
        let publisher = Arc::new(Publisher::new(None));
        let writer = Writer::start(connection, Arc::new(SystemClock), 4, publisher).unwrap();
        let append = |commit: &Commit| writer.submit(commit.digest(), commit.clone()).wait();

        append(&row(b"a")).unwrap();
        failing.store(true, Ordering::Relaxed);
        let uncertain = row(b"b");
        let error = append(&uncertain).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
        failing.store(false, Ordering::Relaxed);
        assert!(matches!(append(&row(b"c")), Err(AppendError::Closed)));
        // What was unknown is not known by asking again.
        assert_eq!(append(&uncertain).unwrap_err().outcome(), Outcome::Unknown);

        drop(writer);
        let store = SqliteStore::open(&path).unwrap();
        let asked = vitae::store::EventStore::receipt(&store, uncertain.id).unwrap();
        let again = vitae::store::EventStore::append(&store, uncertain).wait();
        assert_eq!(asked.is_some(), again.unwrap().already_appended);
    }

    fn row(key: &[u8]) -> Commit {
        let mut commit = Commit::new(CommitId::generate());
        commit.rows.push(RowChange {
            view: Name::new("view").unwrap(),
            key: key.to_vec(),
            expected: None,
            value: Some(Vec::new()),
        });
        commit
    }
}
