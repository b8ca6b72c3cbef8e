//! What can be wrong with a store, one thing at a time.

use std::sync::Arc;

use vitae::store::{
    AppendError, Changes, Checkpoint, Commit, EventStore, Page, Publisher, Read, ReadError,
    Receipt, RegisteredSchema, Snapshot, Ticket, ViewRow,
};
use vitae::{CommitId, GlobalPosition, LogId, Name, StreamId};

use crate::relay;

type Answer<T> = Result<T, ReadError>;

/// A way to be wrong: each question is passed to a sound store, but for the one that the flaw is in.
pub(crate) trait Flaw: Send + Sync + 'static {
    /// What becomes of what is too much for the queue.
    const OVERLOAD: Overload = Overload::IsBusy;
    /// What becomes of the store after an unknown outcome.
    const UNKNOWN: Unknown = Unknown::Closes;
    /// Whether what another program has left at the path is looked at.
    const LOOKS_AT_FILES: bool = true;
    /// Whether the logs of older versions open.
    const OPENS_OLD: bool = true;

    /// A handle on a log, which may have something in it.
    fn opened(&mut self, _log: &Arc<dyn EventStore>) {}

    fn log_id(&self, log: &dyn EventStore) -> LogId {
        log.log_id()
    }

    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        log.append(commit)
    }

    fn commit(&self, log: &dyn EventStore, commit: Commit) -> Result<Receipt, AppendError> {
        self.append(log, commit).wait()
    }

    fn read(&self, log: &dyn EventStore, read: &Read, page: &mut Page) -> Answer<()> {
        log.read(read, page)
    }

    fn head(&self, log: &dyn EventStore) -> Answer<Option<GlobalPosition>> {
        log.head()
    }

    /// What readers wait at, from what ends with the handle.
    fn changes(&self, _: &dyn EventStore, of_handle: Changes) -> Changes {
        of_handle
    }

    fn streams(
        &self,
        log: &dyn EventStore,
        category: &Name,
        after: Option<&Name>,
        limit: usize,
    ) -> Answer<Vec<StreamId>> {
        log.streams(category, after, limit)
    }

    fn receipt(&self, log: &dyn EventStore, commit: CommitId) -> Answer<Option<Receipt>> {
        log.receipt(commit)
    }

    fn schemas(&self, log: &dyn EventStore) -> Answer<Vec<RegisteredSchema>> {
        log.schemas()
    }

    fn checkpoint(&self, log: &dyn EventStore, name: &Name) -> Answer<Option<Checkpoint>> {
        log.checkpoint(name)
    }

    fn row(&self, log: &dyn EventStore, view: &Name, key: &[u8]) -> Answer<Option<ViewRow>> {
        log.row(view, key)
    }

    fn rows(
        &self,
        log: &dyn EventStore,
        view: &Name,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Answer<Vec<ViewRow>> {
        log.rows(view, prefix, after, limit)
    }

    fn snapshot(&self, log: &dyn EventStore, stream: &StreamId) -> Answer<Option<Snapshot>> {
        log.snapshot(stream)
    }

    fn verify(&self, log: &dyn EventStore) -> Answer<u64> {
        log.verify()
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Overload {
    IsBusy,
    IsQueuedWithoutBound,
    IsBusyAndWritten,
    BlocksTheCaller,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Unknown {
    #[default]
    Closes,
    GoesOn,
    IsSaidToBeNothing,
}

/// No flaw at all.
#[derive(Default)]
pub(crate) struct Sound;

impl Flaw for Sound {}

/// A store with a flaw.
pub(crate) struct Broken<F> {
    log: Arc<dyn EventStore>,
    flaw: F,
    publisher: Arc<Publisher>,
}

impl<F: Flaw> Broken<F> {
    pub(crate) fn with(log: Arc<dyn EventStore>, mut flaw: F) -> Self {
        flaw.opened(&log);
        let publisher = relay::follow(log.changes());
        Self { log, flaw, publisher }
    }
}

impl<F: Flaw + Default> Broken<F> {
    pub(crate) fn new(log: Arc<dyn EventStore>) -> Self {
        Self::with(log, F::default())
    }
}

impl<F: Flaw> EventStore for Broken<F> {
    fn log_id(&self) -> LogId {
        self.flaw.log_id(&*self.log)
    }

    fn append(&self, commit: Commit) -> Ticket {
        self.flaw.append(&*self.log, commit)
    }

    fn commit(&self, commit: Commit) -> Result<Receipt, AppendError> {
        self.flaw.commit(&*self.log, commit)
    }

    fn read(&self, read: &Read, page: &mut Page) -> Answer<()> {
        self.flaw.read(&*self.log, read, page)
    }

    fn head(&self) -> Answer<Option<GlobalPosition>> {
        self.flaw.head(&*self.log)
    }

    fn changes(&self) -> Changes {
        self.flaw.changes(&*self.log, self.publisher.changes())
    }

    fn streams(
        &self,
        category: &Name,
        after: Option<&Name>,
        limit: usize,
    ) -> Answer<Vec<StreamId>> {
        self.flaw.streams(&*self.log, category, after, limit)
    }

    fn receipt(&self, commit: CommitId) -> Answer<Option<Receipt>> {
        self.flaw.receipt(&*self.log, commit)
    }

    fn schemas(&self) -> Answer<Vec<RegisteredSchema>> {
        self.flaw.schemas(&*self.log)
    }

    fn checkpoint(&self, name: &Name) -> Answer<Option<Checkpoint>> {
        self.flaw.checkpoint(&*self.log, name)
    }

    fn row(&self, view: &Name, key: &[u8]) -> Answer<Option<ViewRow>> {
        self.flaw.row(&*self.log, view, key)
    }

    fn rows(
        &self,
        view: &Name,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Answer<Vec<ViewRow>> {
        self.flaw.rows(&*self.log, view, prefix, after, limit)
    }

    fn snapshot(&self, stream: &StreamId) -> Answer<Option<Snapshot>> {
        self.flaw.snapshot(&*self.log, stream)
    }

    fn verify(&self) -> Answer<u64> {
        self.flaw.verify(&*self.log)
    }
}
