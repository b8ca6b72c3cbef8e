//! The contract that every store keeps, and what passes through it.
//!
//! Owns the trait, the types of its questions and answers, and the parts of the format that all
//! backends share (checksums, the encoding of tags and metadata). Never sees a lifecycle: a store
//! knows names, numbers, bytes and schemas.
//!
//! # The rules
//! - **R1** A [`Commit`] is appends to any number of streams, erasures of payloads, checkpoint moves,
//!   snapshots and view rows: all or nothing. A stale row version rejects that commit alone. The
//!   rows that it puts get one version, which none of them had before. Of a stream's snapshots the one
//!   with the highest version is kept.
//! - **R2** What was acknowledged is durable. A faster mode that is less so exists only under a name
//!   that says it.
//! - **R3** Positions start at 1, have no gaps and are in commit order. A reader that has seen
//!   position n is never shown a new event at or below n.
//! - **R4** Stream versions start at 1 and have no gaps.
//! - **R5** Every append states what it expects of its stream, and a commit may expect something of
//!   streams that it does not append to; a mismatch is [`AppendError::Conflict`] and nothing is
//!   written.
//! - **R6** The same commit again is acknowledged with the first receipt, before R5 is looked at;
//!   the same id with other content is [`AppendError::IdempotencyConflict`].
//! - **R7** The answer is one of three: committed; rejected with nothing written; or
//!   [`AppendError::OutcomeUnknown`], after which the store takes no writes until it is reopened.
//! - **R8** Reads: a stream, or the log filtered by kind, category and tag, forwards and
//!   backwards, in bounded [`Page`]s.
//! - **R9** What [`EventStore::changes`] says of the log can be read: whoever is woken finds what woke
//!   it, whichever handle or process committed it. Within one handle nobody polls for it. Closing the
//!   store ends every wait.
//! - **R10** Checkpoints move by compare-and-set, in the commit of what was computed. One that was
//!   taken on another log is [`ReadError::Diverged`].
//! - **R11** Each event has a checksum, checked whenever it is read. `verify` names the first bad
//!   position. Where a payload was [erased](Commit::erasures), readers get [`Erased`] and everything
//!   else holds, checksum and `verify` too.
//! - **R12** The schema of a kind and version is stored with its first event; another shape under
//!   the same name is refused.
//! - **R13** Bad input is refused before anything is written.
//! - **R14** What is not a store of ours, or is from a newer format, is refused and left as it was.
//! - **R15** Under overload memory stays bounded. [`EventStore::append`] never blocks its caller; what
//!   finds no room in the queue within a bounded time is [`AppendError::Busy`], with nothing written.
//!   Dropping a [`Ticket`] cancels nothing that is queued.
//! - **R16** Several processes may open one store. Each sees the others' commits, in order, and looks at
//!   format, schemas and head again before it writes; a format that has become newer closes its handle.
//!   Reading beside a writer always works.
//! - **R17** A commit may be conditional: no event that matches a query stands after a position. The
//!   semantics are those of the append condition of <https://dcb.events/specification/>, with
//!   categories beside kinds and tags.
//! - **R18** The format of every release opens, and is migrated when it does.
//! - **R19** No input, no file content and no fault panics.
//! - **R20** Closing answers every ticket, within a bounded time. Opening for reading only is a call of
//!   its own.

mod changes;
mod checkpoint;
mod checksum;
mod commit;
mod error;
mod expected;
mod fields;
mod page;
mod payload;
mod read;
mod receipt;
mod sink;
mod snapshot;
mod streams;
mod subscription;
mod ticket;
mod view_row;

pub use changes::{Changes, Past, Publisher};
pub use checkpoint::{Checkpoint, CheckpointMove};
pub use checksum::{Checksum, Digest, EventHeader, PayloadDigest};
pub(crate) use commit::Origin;
pub use commit::{Commit, Condition, Limits, NewEvent, RegisteredSchema, StreamAppend};
pub use error::{AppendError, BackendError, Damage, InvalidCommit, Outcome, ReadError};
pub use expected::ExpectedVersion;
pub use fields::{InvalidMetadata, MAX_METADATA_BYTES, MAX_TAGS, Metadata, NameList};
pub use page::{Erased, EventRef, Page};
pub use payload::Payload;
pub use read::{Direction, Query, QueryItem, Read, Selection};
pub use receipt::Receipt;
pub use snapshot::Snapshot;
pub use streams::Streams;
pub use subscription::Subscription;
pub use ticket::{Completer, Ticket};
pub use view_row::{RowChange, ViewRow};

use std::ops::ControlFlow;

use crate::id::{CommitId, LogId};
use crate::name::{Name, StreamId};
use crate::number::GlobalPosition;

/// A log of events with what is computed from it: the one thing a backend implements.
///
/// Used as `Arc<dyn EventStore>` from any number of threads. The rules of the
/// [module](self) hold for every implementation.
pub trait EventStore: Send + Sync {
    /// The identity of the log, given when it was created and never changed: two handles with the
    /// same one see the same events.
    fn log_id(&self) -> LogId;

    /// Takes a commit: all of it becomes durable, or none of it.
    ///
    /// Never blocks for the disk; the [`Ticket`] does, when waited on. Dropping the ticket cancels
    /// nothing.
    fn append(&self, commit: Commit) -> Ticket;

    /// Takes a commit and blocks until there is an answer: [`append`](Self::append), waited on. A
    /// backend may spare the caller the way to another thread and back.
    ///
    /// # Errors
    /// As the ticket's answer.
    fn commit(&self, commit: Commit) -> Result<Receipt, AppendError> {
        self.append(commit).wait()
    }

    /// Fills a page with the events that a read selects, in its order, and says through
    /// [`Page::is_last`] whether there were more. The page's former content is gone.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] at the first event that fails its checksum; the page then holds what
    /// stood before it.
    fn read(&self, read: &Read, page: &mut Page) -> Result<(), ReadError>;

    /// The position of the last event, `None` while there is none.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn head(&self) -> Result<Option<GlobalPosition>, ReadError>;

    /// How far the log has come, to wait for it to go on. A store keeps a [`Publisher`], and publishes
    /// a commit once it can be read.
    fn changes(&self) -> Changes;

    /// The streams of a category in bytewise order of their ids, after one of them (exclusive), at
    /// most `limit`.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn streams(
        &self,
        category: &Name,
        after: Option<&Name>,
        limit: usize,
    ) -> Result<Vec<StreamId>, ReadError>;

    /// The receipt of a commit, if it is in the log. After [`AppendError::OutcomeUnknown`] and a
    /// reopening, this says what became of it.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn receipt(&self, commit: CommitId) -> Result<Option<Receipt>, ReadError>;

    /// Every schema in the log, ordered by kind and version.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn schemas(&self) -> Result<Vec<RegisteredSchema>, ReadError>;

    /// A checkpoint by its name, `None` if it was never set.
    ///
    /// # Errors
    /// [`ReadError::Diverged`] if it was taken on another log than this (see
    /// [`Checkpoint::confirm`]), or if the store cannot be read.
    fn checkpoint(&self, name: &Name) -> Result<Option<Checkpoint>, ReadError>;

    /// The snapshot of a stream that is kept, `None` if there is none.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] if it is not what was written: whoever asked can do without it, and the
    /// log is not the worse for it. Else if the store cannot be read.
    fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, ReadError>;

    /// One row of a view.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn row(&self, view: &Name, key: &[u8]) -> Result<Option<ViewRow>, ReadError>;

    /// The rows of a view whose keys begin with a prefix, in bytewise order of their keys, after a
    /// key (exclusive), at most `limit`. An empty prefix is the whole view.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn rows(
        &self,
        view: &Name,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<ViewRow>, ReadError>;

    /// Walks the whole log and checks every checksum, every position and every stream version.
    /// Returns the number of events.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] with the first bad position.
    fn verify(&self) -> Result<u64, ReadError>;
}

impl dyn EventStore + '_ {
    /// Every stream of a category, in bytewise order of their ids.
    ///
    /// ```
    /// # use vitae::{MemoryStore, Name};
    /// # use vitae::store::EventStore;
    /// let store: &dyn EventStore = &MemoryStore::new();
    /// let orders = store.streams_of(Name::new("order").unwrap());
    /// assert_eq!(orders.collect::<Result<Vec<_>, _>>().unwrap(), []);
    /// ```
    pub fn streams_of(&self, category: Name) -> Streams<'_> {
        Streams::of(self, Some(category))
    }

    /// Hands every event that a read selects to a function, page by page, until it breaks off.
    ///
    /// # Errors
    /// What the function returns, or a [`ReadError`] as that type.
    pub fn visit<E: From<ReadError>>(
        &self,
        read: Read,
        visitor: impl FnMut(&EventRef<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        self.visit_in(&mut Page::new(), read, visitor)
    }

    /// [`visit`](Self::visit), with a page that is used again.
    pub(crate) fn visit_in<E: From<ReadError>>(
        &self,
        page: &mut Page,
        read: Read,
        mut visitor: impl FnMut(&EventRef<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let mut next = Some(read);
        while let Some(read) = next {
            self.read(&read, page)?;
            for event in page.iter() {
                if visitor(&event)?.is_break() {
                    return Ok(());
                }
            }
            next = page.next_read(&read);
        }
        Ok(())
    }
}
