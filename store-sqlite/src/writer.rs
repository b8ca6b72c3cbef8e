//! The thread that writes.
//!
//! Owns who works at the desk: the thread that serves the queue, or a caller who would wait anyway and is
//! alone. Never looks at what a commit holds.

use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use vitae::store::{AppendError, Commit, Digest, Publisher, Ticket};
use vitae::{Clock, Timestamp};

use crate::desk::{Alone, Desk, Handed, Offered};
use crate::options::Options;
use crate::queue::{Answer, Bounds, Queue, Task};
use crate::tail::Tail;

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
        let desk = Arc::new(Mutex::new(Desk::new(connection, tail, options.indexing)));
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
        let answers = desk.answer(&mut Alone((commit, digest)), now);
        drop(desk);
        publish(&self.publisher, &answers);
        answers.into_iter().next()
    }

    /// Lets somebody work at the desk on a thread of their own, who waits for it like everybody.
    pub(crate) fn at_desk<T>(
        &self,
        work: impl FnOnce(&mut Desk, Timestamp) -> T,
    ) -> Result<T, AppendError> {
        let now = self.clock.now();
        let mut desk = self.desk.lock().map_err(|_| AppendError::Closed)?;
        Ok(work(&mut desk, now))
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

/// Serves the queue until it is closed and empty.
fn run(desk: &Mutex<Desk>, ended: &Ended, publisher: &Publisher, clock: &dyn Clock) {
    let queue = &ended.0;
    while queue.wait() {
        // The clock is somebody else's code: it is asked before anything is held.
        let now = clock.now();
        // First the desk, then what is there: while somebody else was served, more have come.
        let Ok(mut desk) = desk.lock() else { return };
        let mut group = Group { queue, tasks: Vec::new() };
        group.goes_on();
        let answers = desk.answer(&mut group, now);
        drop(desk);
        publish(publisher, &answers);
        queue.answer(group.tasks, answers);
    }
    if let Ok(mut desk) = desk.lock() {
        desk.clear_up();
    }
}

/// The commits that the writer has taken. Those that come while it writes join them.
struct Group<'q> {
    queue: &'q Queue,
    tasks: Vec<Task>,
}

impl Handed for Group<'_> {
    fn at(&self, index: usize) -> Option<Offered<'_>> {
        self.tasks.get(index).map(|task| (&task.commit, task.digest))
    }

    fn goes_on(&mut self) -> bool {
        self.queue.take(&mut self.tasks)
    }
}

/// Wakes who waits for what was written. Before anybody is told, so that what is acknowledged is
/// published; and away from the desk, for wakers are somebody else's code.
fn publish(publisher: &Publisher, answers: &[Answer]) {
    let receipts = answers.iter().flatten();
    publisher.publish(receipts.filter_map(|receipt| receipt.positions).map(|(_, last)| last).max());
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use vitae::store::{Outcome, RowChange};
    use vitae::{CommitId, Name};

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

    /// Commits of which each is handed in once those before are written.
    struct OneByOne(Vec<Commit>, usize);

    impl Handed for OneByOne {
        fn at(&self, index: usize) -> Option<Offered<'_>> {
            self.0.get(index).filter(|_| index < self.1).map(|commit| (commit, commit.digest()))
        }

        fn goes_on(&mut self) -> bool {
            self.1 += 1;
            self.1 <= self.0.len()
        }
    }

    #[test]
    fn what_comes_while_a_transaction_is_open_joins_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db");
        drop(SqliteStore::open(&path).unwrap());
        let mut connection = connect::writer(&path, &Options::default()).unwrap();
        let commits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&commits);
        let count = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        connection.commit_hook(Some(count)).unwrap();
        let mut desk = Desk::new(connection, Arc::default(), Options::default().indexing);
        let handed = [b"a", b"b", b"c"].map(|key| row(key)).to_vec();
        let answers = desk.answer(&mut OneByOne(handed.clone(), 1), Timestamp::from_micros(1));
        let answered: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().commit).collect();
        assert_eq!(answered, handed.iter().map(|commit| commit.id).collect::<Vec<_>>());
        assert_eq!(commits.load(Ordering::Relaxed), 1);
    }

    /// A clock that somebody has made wrong.
    #[derive(Debug)]
    struct Broken;

    impl Clock for Broken {
        fn now(&self) -> Timestamp {
            panic!("it has stopped")
        }
    }

    #[test]
    fn when_the_writer_panics_every_ticket_is_answered_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db");
        drop(SqliteStore::open(&path).unwrap());
        let connection = connect::writer(&path, &Options::default()).unwrap();
        let options = Options::default().clock(Arc::new(Broken));
        let publisher = Arc::new(Publisher::new(None));
        let writer = Writer::start(connection, Arc::default(), publisher, &options).unwrap();
        let tickets = [b"a", b"b"].map(|key| {
            let commit = row(key);
            writer.submit(commit.digest(), commit)
        });
        for ticket in tickets {
            assert!(matches!(ticket.wait(), Err(AppendError::Closed)));
        }
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
