//! A store that keeps its log in memory: for tests, and for programs that need no disk.
//!
//! Owns nothing but the lock around its [`State`]: what a commit must fulfil is in `append`, what a
//! read finds in `read`. Never bends a rule of the contract because it could: a test that passes
//! here passes on a disk. R2 holds for as long as the process does.

mod append;
mod read;
mod state;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use crate::id::{CommitId, LogId};
use crate::name::{Name, StreamId};
use crate::number::GlobalPosition;
use crate::store::{
    Changes, Checkpoint, Commit, EventStore, Limits, Page, Publisher, Read, ReadError, Receipt,
    RegisteredSchema, Snapshot, Ticket, ViewRow,
};
use crate::time::{Clock, SystemClock};
use state::State;

/// An event store in memory. It keeps the contract of [`EventStore`] like any other.
///
/// ```
/// use std::sync::Arc;
/// use vitae::MemoryStore;
/// use vitae::store::EventStore;
///
/// let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
/// assert_eq!(store.head().unwrap(), None);
/// ```
pub struct MemoryStore {
    log_id: LogId,
    limits: Limits,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
    publisher: Publisher,
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("log_id", &self.log_id).finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// An empty store that accepts at the most what the limits say.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            log_id: LogId::generate(),
            limits,
            clock: Arc::new(SystemClock),
            state: RwLock::default(),
            publisher: Publisher::new(None),
        }
    }

    /// The same store with another clock for the times at which it takes commits.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        // A commit is checked before anything of it is written, so a state is whole even if a
        // thread died with the lock.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl EventStore for MemoryStore {
    fn log_id(&self) -> LogId {
        self.log_id
    }

    fn append(&self, commit: Commit) -> Ticket {
        if let Err(invalid) = commit.check(&self.limits) {
            return Ticket::ready(Err(invalid.into()));
        }
        // The clock is somebody else's code: it is asked before the lock is held.
        let now = self.clock.now();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let answer = state.append(commit, now);
        let head = state.head();
        drop(state);
        // So are the wakers of those who wait: they are called after.
        self.publisher.publish(head);
        Ticket::ready(answer)
    }

    fn read(&self, read: &Read, page: &mut Page) -> Result<(), ReadError> {
        page.clear();
        self.state().read(read, page)
    }

    fn head(&self) -> Result<Option<GlobalPosition>, ReadError> {
        Ok(self.state().head())
    }

    fn changes(&self) -> Changes {
        self.publisher.changes()
    }

    fn streams(
        &self,
        category: &Name,
        after: Option<&Name>,
        limit: usize,
    ) -> Result<Vec<StreamId>, ReadError> {
        Ok(self.state().streams(category, after, limit))
    }

    fn receipt(&self, commit: CommitId) -> Result<Option<Receipt>, ReadError> {
        Ok(self.state().receipts.get(&commit).cloned())
    }

    fn schemas(&self) -> Result<Vec<RegisteredSchema>, ReadError> {
        Ok(self.state().schemas())
    }

    fn checkpoint(&self, name: &Name) -> Result<Option<Checkpoint>, ReadError> {
        let checkpoint = self.state().checkpoints.get(name).cloned();
        if let Some(checkpoint) = &checkpoint {
            checkpoint.confirm(name, self)?;
        }
        Ok(checkpoint)
    }

    fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, ReadError> {
        let kept = self.state().snapshots.get(stream).cloned();
        kept.map(|(snapshot, checksum)| snapshot.checked(checksum)).transpose()
    }

    fn row(&self, view: &Name, key: &[u8]) -> Result<Option<ViewRow>, ReadError> {
        Ok(self.state().row(view, key))
    }

    fn rows(
        &self,
        view: &Name,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<ViewRow>, ReadError> {
        Ok(self.state().rows(view, prefix, after, limit))
    }

    fn verify(&self) -> Result<u64, ReadError> {
        self.state().verify()
    }
}
