//! A store that is not always there: the faults that a contract allows, by a seed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use vitae::store::{
    AppendError, Changes, Checkpoint, Commit, EventStore, Page, Read, ReadError, Receipt,
    RegisteredSchema, Snapshot, Ticket, ViewRow,
};
use vitae::{CommitId, GlobalPosition, LogId, Name, StreamId};

/// What may happen between two of a process's steps.
type Meanwhile = Box<dyn Fn(&mut fastrand::Rng) + Send + Sync>;

/// What all processes of one world share.
pub(crate) struct Weather {
    pub(crate) rng: Mutex<fastrand::Rng>,
    /// Whether there are faults at all.
    pub(crate) stormy: AtomicBool,
    /// Another program's doing, on the log below.
    pub(crate) meanwhile: Meanwhile,
}

impl Weather {
    /// Whether something happens that happens so many times in a thousand.
    pub(crate) fn strikes(&self, per_mille: u32) -> bool {
        self.stormy.load(Ordering::Relaxed) && self.rng.lock().unwrap().u32(0..1_000) < per_mille
    }
}

/// The store as one process has it open.
pub(crate) struct Faulty {
    below: Arc<dyn EventStore>,
    weather: Arc<Weather>,
    closed: AtomicBool,
}

impl Faulty {
    pub(crate) fn new(below: Arc<dyn EventStore>, weather: Arc<Weather>) -> Self {
        Self { below, weather, closed: AtomicBool::new(false) }
    }

    /// Whether it takes no more commits until it is opened again.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn lost(&self, commit: CommitId) -> AppendError {
        self.closed.store(true, Ordering::Relaxed);
        AppendError::OutcomeUnknown { commit, source: Arc::new(std::fmt::Error) }
    }

    fn try_append(&self, commit: Commit) -> Result<Receipt, AppendError> {
        if self.is_closed() {
            return Err(AppendError::Closed);
        }
        if self.weather.strikes(30) {
            return Err(AppendError::Busy);
        }
        if self.weather.strikes(20) {
            return Err(self.lost(commit.id));
        }
        if self.weather.strikes(80) {
            let mut rng = self.weather.rng.lock().unwrap().fork();
            (self.weather.meanwhile)(&mut rng);
        }
        let id = commit.id;
        let receipt = self.below.commit(commit)?;
        if self.weather.strikes(20) { Err(self.lost(id)) } else { Ok(receipt) }
    }

    fn readable(&self) -> Result<&dyn EventStore, ReadError> {
        if self.weather.strikes(4) { Err(ReadError::Busy) } else { Ok(&*self.below) }
    }
}

impl EventStore for Faulty {
    fn log_id(&self) -> LogId {
        self.below.log_id()
    }

    fn append(&self, commit: Commit) -> Ticket {
        Ticket::ready(self.try_append(commit))
    }

    fn read(&self, read: &Read, page: &mut Page) -> Result<(), ReadError> {
        self.readable()?.read(read, page)
    }

    fn head(&self) -> Result<Option<GlobalPosition>, ReadError> {
        self.readable()?.head()
    }

    fn changes(&self) -> Changes {
        self.below.changes()
    }

    fn streams(
        &self,
        category: &Name,
        after: Option<&Name>,
        limit: usize,
    ) -> Result<Vec<StreamId>, ReadError> {
        self.readable()?.streams(category, after, limit)
    }

    fn receipt(&self, commit: CommitId) -> Result<Option<Receipt>, ReadError> {
        self.readable()?.receipt(commit)
    }

    fn schemas(&self) -> Result<Vec<RegisteredSchema>, ReadError> {
        self.readable()?.schemas()
    }

    fn checkpoint(&self, name: &Name) -> Result<Option<Checkpoint>, ReadError> {
        self.readable()?.checkpoint(name)
    }

    fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, ReadError> {
        self.readable()?.snapshot(stream)
    }

    fn row(&self, view: &Name, key: &[u8]) -> Result<Option<ViewRow>, ReadError> {
        self.readable()?.row(view, key)
    }

    fn rows(
        &self,
        view: &Name,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<ViewRow>, ReadError> {
        self.readable()?.rows(view, prefix, after, limit)
    }

    fn verify(&self) -> Result<u64, ReadError> {
        self.below.verify()
    }
}
