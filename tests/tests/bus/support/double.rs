//! A store that keeps the contract, but for what it is told to do to the next appends and reads.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vitae::store::{
    AppendError, Changes, Checkpoint, Commit, Damage, EventHeader, EventStore, Page, PayloadDigest,
    Read, ReadError, Receipt, RegisteredSchema, Snapshot, Ticket, ViewRow,
};
use vitae::{CommitId, GlobalPosition, LogId, Name, StreamId};
use vitae_tests::Subject;

type SnapshotAnswer = Result<Option<Snapshot>, ReadError>;
type Step = Box<dyn FnOnce(&dyn EventStore, Commit) -> Ticket + Send>;

pub(crate) struct Double {
    inner: Arc<dyn EventStore>,
    steps: Mutex<VecDeque<Step>>,
    after_head: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    after_row: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    appends: AtomicUsize,
    reads: AtomicUsize,
    rows_read: Mutex<Vec<Name>>,
    held: Mutex<Option<Receiver<()>>>,
    silent: AtomicBool,
    erases: AtomicBool,
    damaged: Mutex<Option<GlobalPosition>>,
    snapshot: Mutex<Option<SnapshotAnswer>>,
}

impl Double {
    pub(crate) fn of(log: &Subject) -> Arc<Self> {
        Arc::new(Self {
            inner: log.shared(),
            steps: Mutex::default(),
            after_head: Mutex::default(),
            after_row: Mutex::default(),
            appends: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
            rows_read: Mutex::default(),
            held: Mutex::default(),
            silent: AtomicBool::new(false),
            erases: AtomicBool::new(false),
            damaged: Mutex::default(),
            snapshot: Mutex::default(),
        })
    }

    fn step(&self, step: impl FnOnce(&dyn EventStore, Commit) -> Ticket + Send + 'static) {
        self.steps.lock().unwrap().push_back(Box::new(step));
    }

    /// Before one of the next appends, in the order of these calls, something else happens.
    pub(crate) fn sneak(&self, something: impl FnOnce() + Send + 'static) {
        self.step(|store, commit| {
            something();
            store.append(commit)
        });
    }

    /// When the head has been asked for next, something else happens.
    pub(crate) fn after_head(&self, something: impl FnOnce() + Send + 'static) {
        *self.after_head.lock().unwrap() = Some(Box::new(something));
    }

    /// When a row has been asked for next, something else happens.
    #[allow(dead_code, reason = "not every test that shares this has views")]
    pub(crate) fn after_row(&self, something: impl FnOnce() + Send + 'static) {
        *self.after_row.lock().unwrap() = Some(Box::new(something));
    }

    /// One of the next appends is answered with an unknown outcome, written or not.
    pub(crate) fn lose_answer(&self, written: bool) {
        self.step(move |store, commit| {
            let id = commit.id;
            if written {
                store.append(commit).wait().unwrap();
            }
            Ticket::ready(Err(AppendError::OutcomeUnknown {
                commit: id,
                source: Arc::new(std::fmt::Error),
            }))
        });
    }

    /// From now on, what became of a commit and what stands in a stream cannot be read, or can.
    pub(crate) fn be_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }

    /// From now on, every payload that is read was erased.
    pub(crate) fn erase(&self) {
        self.erases.store(true, Ordering::SeqCst);
    }

    /// From now on, the event at a position is damaged.
    pub(crate) fn damage(&self, position: GlobalPosition) {
        *self.damaged.lock().unwrap() = Some(position);
    }

    /// From now on, this is what it says of every snapshot.
    pub(crate) fn answer_snapshot(&self, answer: SnapshotAnswer) {
        *self.snapshot.lock().unwrap() = Some(answer);
    }

    /// How many commits came here.
    pub(crate) fn appends(&self) -> usize {
        self.appends.load(Ordering::SeqCst)
    }

    fn listen(&self) -> Result<(), ReadError> {
        match self.silent.load(Ordering::SeqCst) {
            true => Err(ReadError::Busy),
            false => Ok(()),
        }
    }
}

#[allow(dead_code, reason = "the tests of `async_bus`, which share this, have to wait")]
impl Double {
    /// One of the next appends comes to the store, and is answered, only when the test says so.
    pub(crate) fn hold_append(&self) -> Sender<()> {
        let (release, held) = channel();
        let inner = Arc::clone(&self.inner);
        self.step(move |_, commit| {
            let (ticket, completer) = Ticket::pending(commit.id);
            std::thread::spawn(move || match released(&held) {
                true => completer.complete(inner.append(commit).wait()),
                false => completer.complete(Err(AppendError::Busy)),
            });
            ticket
        });
        release
    }

    /// The next read of events is answered only when the test says so.
    pub(crate) fn hold_read(&self) -> Sender<()> {
        let (release, held) = channel();
        *self.held.lock().unwrap() = Some(held);
        release
    }

    /// How often a row of a view was asked for.
    pub(crate) fn rows_read_of(&self, view: &str) -> usize {
        self.rows_read.lock().unwrap().iter().filter(|of| of.as_str() == view).count()
    }

    /// How many pages were asked for.
    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

/// Waits for the test, but not for ever: false if it does not come to it.
fn released(held: &Receiver<()>) -> bool {
    held.recv_timeout(Duration::from_secs(60)).is_ok()
}

impl EventStore for Double {
    fn log_id(&self) -> LogId {
        self.inner.log_id()
    }

    fn append(&self, commit: Commit) -> Ticket {
        self.appends.fetch_add(1, Ordering::SeqCst);
        let step = self.steps.lock().unwrap().pop_front();
        match step {
            Some(step) => step(&*self.inner, commit),
            None => self.inner.append(commit),
        }
    }

    fn read(&self, read: &Read, page: &mut Page) -> Result<(), ReadError> {
        self.listen()?;
        self.reads.fetch_add(1, Ordering::SeqCst);
        let held = self.held.lock().unwrap().take();
        if held.is_some_and(|held| !released(&held)) {
            return Err(ReadError::Busy);
        }
        let damaged = *self.damaged.lock().unwrap();
        let mut whole = Page::new();
        self.inner.read(read, &mut whole)?;
        page.clear();
        if let Some(at) = damaged {
            whole
                .iter()
                .take_while(|event| event.position() != at)
                .for_each(|event| page.keep(&event));
            let meets = whole.iter().any(|event| event.position() == at);
            let damage = ReadError::Damaged(Damage::at(at, "as the test says"));
            return if meets { Err(damage) } else { Ok(()) };
        }
        if !self.erases.load(Ordering::SeqCst) {
            return self.inner.read(read, page);
        }
        for event in whole.iter() {
            let correlation = event.correlation();
            let header = EventHeader {
                position: event.position().get(),
                category: event.category(),
                stream: event.stream(),
                version: event.version().get(),
                kind: event.kind(),
                kind_version: event.kind_version().get(),
                id: event.id(),
                occurred_at: event.occurred_at().as_micros(),
                recorded_at: event.recorded_at().as_micros(),
                correlation: correlation.as_bytes(),
                causation: event.causation(),
                tags: &[],
                metadata: &[],
            };
            let digest = PayloadDigest::of(event.payload().unwrap());
            page.push(&header, Err(digest), header.checksum(digest))?;
        }
        Ok(())
    }

    fn head(&self) -> Result<Option<GlobalPosition>, ReadError> {
        let head = self.inner.head();
        if let Some(something) = self.after_head.lock().unwrap().take() {
            something();
        }
        head
    }

    fn changes(&self) -> Changes {
        self.inner.changes()
    }

    fn streams(
        &self,
        category: &Name,
        after: Option<&Name>,
        limit: usize,
    ) -> Result<Vec<StreamId>, ReadError> {
        self.inner.streams(category, after, limit)
    }

    fn receipt(&self, commit: CommitId) -> Result<Option<Receipt>, ReadError> {
        self.listen()?;
        self.inner.receipt(commit)
    }

    fn schemas(&self) -> Result<Vec<RegisteredSchema>, ReadError> {
        self.inner.schemas()
    }

    fn checkpoint(&self, name: &Name) -> Result<Option<Checkpoint>, ReadError> {
        self.inner.checkpoint(name)
    }

    fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, ReadError> {
        let answer = self.snapshot.lock().unwrap().clone();
        answer.unwrap_or_else(|| self.inner.snapshot(stream))
    }

    fn row(&self, view: &Name, key: &[u8]) -> Result<Option<ViewRow>, ReadError> {
        self.rows_read.lock().unwrap().push(view.clone());
        let row = self.inner.row(view, key);
        let something = self.after_row.lock().unwrap().take();
        if let Some(something) = something {
            something();
        }
        row
    }

    fn rows(
        &self,
        view: &Name,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<ViewRow>, ReadError> {
        self.inner.rows(view, prefix, after, limit)
    }

    fn verify(&self) -> Result<u64, ReadError> {
        self.inner.verify()
    }
}
