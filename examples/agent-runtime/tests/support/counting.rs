//! A store that counts, and keeps the contract by handing everything on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vitae::store::{
    Changes, Checkpoint, Commit, EventStore, Page, Read, ReadError, Receipt, RegisteredSchema,
    Snapshot, Ticket, ViewRow,
};
use vitae::{CommitId, GlobalPosition, LogId, Name, StreamId};

/// A store that counts how often it is asked, and how many events it gave.
pub(crate) struct Counting {
    store: Arc<dyn EventStore>,
    reads: AtomicUsize,
    events: AtomicUsize,
}

impl Counting {
    pub(crate) fn over(store: Arc<dyn EventStore>) -> Self {
        Self { store, reads: AtomicUsize::new(0), events: AtomicUsize::new(0) }
    }

    /// The reads and the events since this was asked last.
    pub(crate) fn so_far(&self) -> (usize, usize) {
        (self.reads.swap(0, Ordering::Relaxed), self.events.swap(0, Ordering::Relaxed))
    }

    fn count(&self) -> &dyn EventStore {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.store.as_ref()
    }
}

impl EventStore for Counting {
    fn log_id(&self) -> LogId {
        self.store.log_id()
    }

    fn append(&self, commit: Commit) -> Ticket {
        self.store.append(commit)
    }

    fn read(&self, read: &Read, page: &mut Page) -> Result<(), ReadError> {
        let outcome = self.count().read(read, page);
        self.events.fetch_add(page.iter().count(), Ordering::Relaxed);
        outcome
    }

    fn head(&self) -> Result<Option<GlobalPosition>, ReadError> {
        self.count().head()
    }

    fn changes(&self) -> Changes {
        self.store.changes()
    }

    fn streams(
        &self,
        category: &Name,
        after: Option<&Name>,
        limit: usize,
    ) -> Result<Vec<StreamId>, ReadError> {
        self.count().streams(category, after, limit)
    }

    fn receipt(&self, commit: CommitId) -> Result<Option<Receipt>, ReadError> {
        self.count().receipt(commit)
    }

    fn schemas(&self) -> Result<Vec<RegisteredSchema>, ReadError> {
        self.count().schemas()
    }

    fn checkpoint(&self, name: &Name) -> Result<Option<Checkpoint>, ReadError> {
        self.count().checkpoint(name)
    }

    fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, ReadError> {
        self.count().snapshot(stream)
    }

    fn row(&self, view: &Name, key: &[u8]) -> Result<Option<ViewRow>, ReadError> {
        self.count().row(view, key)
    }

    fn rows(
        &self,
        view: &Name,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<ViewRow>, ReadError> {
        self.count().rows(view, prefix, after, limit)
    }

    fn verify(&self) -> Result<u64, ReadError> {
        self.count().verify()
    }
}
