//! The thread that writes.
//!
//! Owns the only connection that writes, the transactions on it, and the three answers that a
//! commit can have. Never takes a commit after one whose outcome is unknown.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use vitae::Clock;
use vitae::store::{AppendError, Commit, Completer, Receipt, Ticket};

use crate::append::{self, Stop};
use crate::error::Fault;

/// The queue of commits, and the thread behind it.
pub(crate) struct Writer {
    /// `None` only while it is dropped.
    queue: Option<SyncSender<(Commit, Completer)>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(
        connection: Connection,
        clock: Arc<dyn Clock>,
        commits: usize,
    ) -> std::io::Result<Self> {
        let (queue, waiting) = sync_channel(commits.max(1));
        let thread = std::thread::Builder::new()
            .name("vitae-sqlite".to_owned())
            .spawn(move || run(connection, &*clock, &waiting))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    pub(crate) fn submit(&self, commit: Commit) -> Ticket {
        let (ticket, completer) = Ticket::pending(commit.id);
        let Some(queue) = &self.queue else {
            return Ticket::ready(Err(AppendError::Closed));
        };
        match queue.try_send((commit, completer)) {
            Ok(()) => {}
            Err(TrySendError::Full((_, completer))) => completer.complete(Err(AppendError::Busy)),
            Err(TrySendError::Disconnected((_, completer))) => {
                completer.complete(Err(AppendError::Closed));
            }
        }
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

fn run(connection: Connection, clock: &dyn Clock, queue: &Receiver<(Commit, Completer)>) {
    let mut open = true;
    for (commit, completer) in queue {
        if !open {
            completer.complete(Err(AppendError::Closed));
            continue;
        }
        let answer = commit_to(&connection, &commit, clock);
        open = !matches!(
            answer,
            Err(AppendError::OutcomeUnknown { .. } | AppendError::FormatChanged { .. })
        ) && connection.is_autocommit();
        // The caller may drop the store once it is answered: nothing is left to do for this one.
        completer.complete(answer);
    }
}

fn commit_to(
    connection: &Connection,
    commit: &Commit,
    clock: &dyn Clock,
) -> Result<Receipt, AppendError> {
    let digest = commit.digest();
    // Takes the file before it looks at it: what it finds stays true until the end.
    run_sql(connection, "BEGIN IMMEDIATE")?;
    match append::append(connection, commit, digest, clock.now()) {
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
        fault => Err(AppendError::OutcomeUnknown {
            commit: commit.id,
            source: fault.into_source(),
        }),
    }
}

fn run_sql(connection: &Connection, sql: &str) -> Result<(), Fault> {
    connection.prepare_cached(sql)?.execute(())?;
    Ok(())
}
