//! The thread that writes.
//!
//! Owns the only connection that writes, the transactions on it, each of which holds the commits of
//! many callers (group commit), and the three answers that a commit can have. A caller that would
//! wait anyway, and is alone, does the work on its own thread. Never takes a commit after one whose
//! outcome is unknown.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use vitae::store::{AppendError, Commit, Digest, Publisher, Ticket};
use vitae::{Clock, CommitId, Timestamp};

use crate::append::{Memory, Stop, Taken, Transaction};
use crate::company::Company;
use crate::error::Fault;
use crate::moment::Moment;
use crate::options::Options;
use crate::queue::{Answer, Bounds, Queue};
use crate::tail::{Entries, Tail};
use crate::{erase, flush};

/// The queue of commits, and the thread behind it.
pub(crate) struct Writer {
    queue: Arc<Queue>,
    desk: Arc<Mutex<Desk>>,
    publisher: Arc<Publisher>,
    clock: Arc<dyn Clock>,
    close_timeout: Duration,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(
        connection: Connection,
        tail: Arc<RwLock<Tail>>,
        publisher: Arc<Publisher>,
        options: &Options,
    ) -> std::io::Result<Self> {
        let queue = Queue::new(Bounds {
            commits: options.queue,
            bytes: options.queue_bytes,
            timeout: options.queue_timeout,
        });
        let index_every = options.index_every;
        let memory = Memory::default();
        let (closed, traces) = (None, false);
        let desk = Desk { connection, tail, memory, index_every, closed, traces };
        let desk = Arc::new(Mutex::new(desk));
        let (ended, at_desk) = (Ended(Arc::clone(&queue)), Arc::clone(&desk));
        let (publishes, asked) = (Arc::clone(&publisher), Arc::clone(&options.clock));
        let thread = std::thread::Builder::new()
            .name("vitae-sqlite".to_owned())
            .spawn(move || run(&at_desk, &ended, &publishes, &*asked))?;
        let (clock, close_timeout) = (Arc::clone(&options.clock), options.close_timeout);
        Ok(Self { queue, desk, publisher, clock, close_timeout, thread: Some(thread) })
    }

    pub(crate) fn submit(&self, digest: Digest, commit: Commit) -> Ticket {
        self.queue.submit(digest, commit)
    }

    /// Commits on the caller's own thread, if nobody else is being served or waits.
    pub(crate) fn commit_here(&self, digest: Digest, commit: &Commit) -> Option<Answer> {
        if self.queue.is_busy() {
            return None;
        }
        let now = self.clock.now();
        let mut desk = self.desk.try_lock().ok()?;
        let answers = desk.answer(&[(commit, digest)], now);
        drop(desk);
        publish(&self.publisher, &answers);
        answers.into_iter().next()
    }
}

impl Drop for Writer {
    /// Waits until every queued commit has its answer, but not for ever.
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take()
            // A ticket's waker may hold the last handle: a thread cannot wait for itself.
            && thread.thread().id() != std::thread::current().id()
        {
            self.queue.close(self.close_timeout);
            if thread.is_finished() {
                // A panic there has left its tickets answered: unknown.
                let _ = thread.join();
            }
        } else {
            self.queue.close(Duration::ZERO);
        }
    }
}

/// Says that the writer has ended, however it did.
struct Ended(Arc<Queue>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.writer_ended();
    }
}

/// What the writer has at hand.
struct Desk {
    connection: Connection,
    tail: Arc<RwLock<Tail>>,
    memory: Memory,
    /// After how many events they are indexed.
    index_every: u64,
    /// Why no more commits are taken.
    closed: Option<Closed>,
    /// Whether the log may still hold what was erased.
    traces: bool,
}

/// Why a store takes no more commits.
struct Closed {
    /// What those are answered that come after.
    answer: AppendError,
    /// The commits whose outcome is unknown, and what happened to them.
    uncertain: Vec<AppendError>,
}

impl Closed {
    const fn with(answer: AppendError) -> Self {
        Self { answer, uncertain: Vec::new() }
    }

    fn answer(&self, commit: CommitId) -> AppendError {
        // Of an uncertain commit nothing is known now either.
        let same = |error: &&AppendError| matches!(error, AppendError::OutcomeUnknown { commit: uncertain, .. } if *uncertain == commit);
        self.uncertain.iter().find(same).unwrap_or(&self.answer).clone()
    }
}

/// Serves the queue until it is closed and empty.
fn run(desk: &Mutex<Desk>, ended: &Ended, publisher: &Publisher, clock: &dyn Clock) {
    let queue = &ended.0;
    let mut company = Company::default();
    while queue.wait() {
        // The clock is somebody else's code: it is asked before anything is held.
        let now = clock.now();
        // First the desk, then what is there: while somebody else was served, more have come.
        let Ok(mut desk) = desk.lock() else { return };
        let begun = Instant::now();
        let tasks = queue.take();
        let commits: Vec<_> = tasks.iter().map(|task| (&task.commit, task.digest)).collect();
        let answers = desk.answer(&commits, now);
        drop(desk);
        publish(publisher, &answers);
        let ready = queue.answer(answers);
        let answered = tasks.len();
        drop(tasks);
        company.wait_for(queue, answered, ready, begun);
    }
    if let Ok(mut desk) = desk.lock()
        && desk.closed.is_none()
    {
        // Of no harm if it fails: whoever opens the file next does it.
        let _ = desk.index();
    }
}

/// Wakes who waits for what was written. Before anybody is told, so that what is acknowledged is
/// published; and away from the desk, for wakers are somebody else's code.
fn publish(publisher: &Publisher, answers: &[Answer]) {
    let receipts = answers.iter().flatten();
    publisher.publish(receipts.filter_map(|receipt| receipt.positions).map(|(_, last)| last).max());
}

/// A commit and its digest.
type Offered<'t> = (&'t Commit, Digest);

impl Desk {
    fn answer(&mut self, tasks: &[Offered<'_>], now: Timestamp) -> Vec<Answer> {
        if let Some(closed) = &self.closed {
            return tasks.iter().map(|(commit, _)| Err(closed.answer(commit.id))).collect();
        }
        match self.commit(tasks, now) {
            Ok(answers) => answers,
            // Something that one of them had to look at, or was too large for: each for itself tells
            // which.
            Err(AppendError::Damaged(_) | AppendError::Backend(_) | AppendError::StorageFull)
                if tasks.len() > 1 =>
            {
                let alone = |task| self.answer(std::slice::from_ref(task), now);
                tasks.iter().flat_map(alone).collect()
            }
            Err(error) => tasks.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// Takes commits in one transaction. Fails if nothing was written because of a fault.
    fn commit(
        &mut self,
        tasks: &[Offered<'_>],
        now: Timestamp,
    ) -> Result<Vec<Answer>, AppendError> {
        // Takes the file before it looks at it: what it finds stays true until the end.
        run_sql(&self.connection, "BEGIN IMMEDIATE")?;
        let taken = self.take(tasks, now);
        let (answers, added) = match taken {
            Ok(taken) => taken,
            Err(stop) => {
                self.roll_back();
                return Err(match stop {
                    Stop::Refused(refusal) => {
                        self.closed = Some(Closed::with(refusal.clone()));
                        refusal
                    }
                    Stop::Fault(fault) => fault.into(),
                });
            }
        };
        let Some(added) = added else {
            self.end_unwritten();
            return Ok(answers.into_iter().map(|taken| taken.answer).collect());
        };
        match run_sql(&self.connection, "COMMIT") {
            Ok(()) => {
                self.keep(added);
                self.traces |= tasks.iter().any(|(commit, _)| !commit.erasures.is_empty());
                if self.traces {
                    self.traces = !erase::empty_log(&self.connection);
                }
                Ok(answers.into_iter().map(|taken| taken.answer).collect())
            }
            Err(fault) => Ok(self.give_up(tasks, answers, fault)),
        }
    }

    /// Checks and writes commits. `None` beside the answers if none of them wrote anything. Refuses
    /// only what all are refused.
    fn take(
        &mut self,
        tasks: &[Offered<'_>],
        now: Timestamp,
    ) -> Result<(Vec<Taken>, Option<Added>), Stop> {
        let moment = Moment::of(&self.connection, &self.tail)?;
        let mut transaction = Transaction::begin(moment, &mut self.memory, now, tasks.len())?;
        let mut answers = Vec::with_capacity(tasks.len());
        for (commit, digest) in tasks {
            answers.push(match transaction.take(commit, *digest) {
                Ok(taken) => taken,
                Err(Stop::Refused(refusal)) => Taken { answer: Err(refusal), certain: false },
                Err(fault) => return Err(fault),
            });
        }
        let (wrote, moment, entries) = transaction.end()?;
        if !wrote {
            return Ok((answers, None));
        }
        let due = entries.head.saturating_sub(moment.indexed) >= self.index_every.max(1);
        let indexed = if due { Some(write_index(&moment, &entries)?) } else { None };
        Ok((answers, Some(Added { entries, indexed })))
    }

    fn keep(&self, added: Added) {
        let mut tail = self.tail.write().unwrap_or_else(PoisonError::into_inner);
        tail.absorb(added.entries);
        if let Some(indexed) = added.indexed {
            tail.forget(indexed);
        }
    }

    /// Says what is known of commits whose `COMMIT` failed.
    fn give_up(&mut self, tasks: &[Offered<'_>], answers: Vec<Taken>, fault: Fault) -> Vec<Answer> {
        let still_open = !self.connection.is_autocommit();
        self.roll_back();
        let unwritten = match &fault {
            // No room for the last frame, or no lock: the log holds no end of this transaction.
            Fault::Full => Some(AppendError::StorageFull),
            Fault::Busy if still_open => Some(AppendError::Busy),
            _ => None,
        };
        if let Some(error) = unwritten {
            // What was in the log before is there nevertheless.
            let answer =
                |taken: Taken| if taken.certain { taken.answer } else { Err(error.clone()) };
            return answers.into_iter().map(answer).collect();
        }
        let source = fault.into_source();
        let mut closed = Closed::with(AppendError::Closed);
        let mut known = Vec::with_capacity(tasks.len());
        for ((commit, _), taken) in tasks.iter().zip(answers) {
            known.push(match taken.answer {
                answer if taken.certain => answer,
                Ok(_) => {
                    let (commit, source) = (commit.id, Arc::clone(&source));
                    let unknown = AppendError::OutcomeUnknown { commit, source };
                    closed.uncertain.push(unknown.clone());
                    Err(unknown)
                }
                // It was refused because of commits of which nothing is known, perhaps.
                Err(_) => Err(AppendError::Closed),
            });
        }
        self.closed = Some(closed);
        known
    }

    /// Undoes what was written. What was remembered of it is forgotten.
    fn roll_back(&mut self) {
        self.memory = Memory::default();
        self.end_unwritten();
    }

    /// Ends a transaction in which nothing was written, or nothing is to stay.
    fn end_unwritten(&mut self) {
        if run_sql(&self.connection, "ROLLBACK").is_err() && !self.connection.is_autocommit() {
            self.closed = Some(Closed::with(AppendError::Closed));
        }
    }

    /// Indexes what has no index, in a transaction of its own.
    fn index(&mut self) -> Result<(), Fault> {
        run_sql(&self.connection, "BEGIN IMMEDIATE")?;
        let moment = Moment::of(&self.connection, &self.tail)?;
        if moment.head > moment.indexed {
            write_index(&moment, &Entries::starting_after(moment.head))?;
        }
        run_sql(&self.connection, "COMMIT")
    }
}

/// What a transaction has added to the log.
struct Added {
    entries: Entries,
    /// Up to which position it has written an index, if it has.
    indexed: Option<u64>,
}

/// Writes the index of everything that has none.
fn write_index(moment: &Moment<'_>, added: &Entries) -> Result<u64, Fault> {
    let mut all = moment.unindexed()?;
    all.extend(added);
    let head = all.head;
    flush::flush(moment.connection, all)?;
    Ok(head)
}

fn run_sql(connection: &Connection, sql: &str) -> Result<(), Fault> {
    connection.prepare_cached(sql)?.execute(())?;
    Ok(())
}
#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use vitae::Name;
    use vitae::store::{Outcome, RowChange};

    use super::*;
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
        let writer = {
            let publisher = Arc::new(Publisher::new(None));
            Writer::start(connection, Arc::default(), publisher, &Options::default()).unwrap()
        };
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
