//! What can go wrong between a caller and a store.

use std::sync::Arc;

use super::{Checkpoint, ExpectedVersion};
use crate::id::CommitId;
use crate::name::{Name, StreamId};
use crate::number::{GlobalPosition, KindVersion, RowVersion, StreamVersion};
use crate::schema::CHANGED_SHAPE;

/// What a backend's own library reported. Shared, so that many tickets can carry it.
pub type BackendError = Arc<dyn std::error::Error + Send + Sync>;

/// Why a commit was not acknowledged.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// A stream is not as expected: someone else appended. Load again and decide anew.
    #[error(
        "stream `{stream}` was expected at {expected} but is at {}; load it again and decide anew",
        at(*actual)
    )]
    Conflict {
        /// The first stream that differs.
        stream: StreamId,
        /// What the append expected.
        expected: ExpectedVersion,
        /// What the stream's version is.
        actual: Option<StreamVersion>,
    },
    /// The commit's id is in the log with other content. An id is for one commit.
    #[error("commit {commit} is in the log with other content; give a new commit a new id")]
    IdempotencyConflict {
        /// The id.
        commit: CommitId,
    },
    /// An event that a condition excludes has happened.
    #[error("condition {condition} does not hold: the event at position {position} matches it")]
    ConditionFailed {
        /// Which condition, counted from 0.
        condition: usize,
        /// The first event that matches.
        position: GlobalPosition,
    },
    /// A checkpoint is not where the commit expects it: another reader moved it.
    #[error("checkpoint `{name}` was moved by someone else; read it again and go on from there")]
    CheckpointConflict {
        /// The checkpoint.
        name: Name,
        /// Where it stands.
        actual: Option<Checkpoint>,
    },
    /// A view row was changed since it was read: compute it again.
    #[error("a row of view `{view}` was changed since it was read; compute it again")]
    StaleRow {
        /// The view.
        view: Name,
        /// The row's key.
        key: Vec<u8>,
        /// The row's version now.
        actual: Option<RowVersion>,
    },
    /// The log holds this kind and version with another shape.
    #[error(
        "`{kind}` version {version} has another shape in the log; {advice} (log: {stored}; here: \
         {offered})",
        advice = CHANGED_SHAPE
    )]
    SchemaMismatch {
        /// The kind.
        kind: Name,
        /// Its version.
        version: KindVersion,
        /// The schema in the log.
        stored: Arc<str>,
        /// The schema that came with the commit.
        offered: Arc<str>,
    },
    /// The commit could not be taken by any store.
    #[error("the commit is not valid")]
    Invalid(#[from] InvalidCommit),
    /// Another process holds the store, or the queue is full. Nothing was written; try again.
    #[error("the store is busy; nothing was written, try again")]
    Busy,
    /// The disk is full. Nothing was written; reads go on, and writing resumes when there is room.
    #[error("the disk is full; nothing was written, make room and try again")]
    StorageFull,
    /// The store was opened for reading, or its file cannot be written.
    #[error("the store is read-only; open it with write access to append")]
    ReadOnly,
    /// The outcome of an earlier commit is unknown, or the store could not undo one that it had
    /// refused: it takes no writes until it is reopened. Of this commit nothing was written.
    #[error("the store takes no more writes; reopen it")]
    Closed,
    /// Another process has migrated the store to a format that this program does not know. Nothing
    /// was written, and the store takes no writes any more.
    #[error("the store's format has become {found}, newer than {known}; update this program")]
    FormatChanged {
        /// The format found.
        found: u32,
        /// The newest format this program knows.
        known: u32,
    },
    /// The log is damaged where the commit had to look. Nothing was written.
    #[error("the log is damaged; nothing was written, run `verify` and restore from a backup")]
    Damaged(#[source] Damage),
    /// The backend failed before anything was written.
    #[error("the store failed; nothing was written")]
    Backend(#[source] BackendError),
    /// It is not known whether the commit is durable. Reopen the store and submit the same commit
    /// again, or ask for its receipt: either tells.
    #[error(
        "it is not known whether commit {commit} is durable; reopen the store and try it again"
    )]
    OutcomeUnknown {
        /// The commit.
        commit: CommitId,
        /// What happened.
        #[source]
        source: BackendError,
    },
}

/// Whether anything was written by a commit that was not acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nothing was written, for certain.
    NotWritten,
    /// It may or may not have been written.
    Unknown,
}

impl AppendError {
    /// Whether anything was written.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::OutcomeUnknown { .. } => Outcome::Unknown,
            _ => Outcome::NotWritten,
        }
    }
}

fn at(version: Option<StreamVersion>) -> String {
    version.map_or_else(|| "no stream".to_owned(), |version| format!("version {version}"))
}

/// Why no store takes a commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCommit {
    /// It holds no event, no checkpoint, no row and no snapshot.
    #[error("it is empty; record at least one event")]
    Empty,
    /// It has more events than the limit.
    #[error("it has {events} events; the most is {limit}")]
    TooManyEvents {
        /// The events it has.
        events: usize,
        /// The limit, inclusive.
        limit: usize,
    },
    /// Something in it is larger than its limit.
    #[error("the size of {what} is {size}; the most is {limit}")]
    TooLarge {
        /// What is too large.
        what: String,
        /// How large it is.
        size: usize,
        /// The limit, inclusive.
        limit: usize,
    },
    /// An event names a stream that the commit does not list.
    #[error("an event names stream number {index}, which the commit does not list")]
    NoSuchStream {
        /// The index, counted from 0.
        index: usize,
    },
    /// A stream stands twice in the commit.
    #[error("stream `{stream}` is listed twice")]
    RepeatedStream {
        /// The stream.
        stream: StreamId,
    },
    /// An event comes without the schema of its kind and version.
    #[error("`{kind}` version {version} comes without its schema")]
    NoSchema {
        /// The kind.
        kind: Name,
        /// The version.
        version: KindVersion,
    },
    /// A checkpoint moves twice.
    #[error("checkpoint `{name}` is moved twice")]
    RepeatedCheckpoint {
        /// The checkpoint.
        name: Name,
    },
    /// A row changes twice.
    #[error("a row of view `{view}` is changed twice")]
    RepeatedRow {
        /// The view.
        view: Name,
    },
    /// A stream has two snapshots.
    #[error("stream `{stream}` has two snapshots")]
    RepeatedSnapshot {
        /// The stream.
        stream: StreamId,
    },
    /// A snapshot is larger than its limit.
    #[error("the snapshot of `{stream}` has {size} bytes; the most is {limit}")]
    SnapshotTooLarge {
        /// The stream.
        stream: StreamId,
        /// The bytes of its state and its schema.
        size: usize,
        /// The limit, inclusive.
        limit: usize,
    },
    /// Payloads are erased, and no event says so.
    #[error("it erases payloads and holds no event; record the act that erases them")]
    ErasureWithoutAct,
    /// A payload is erased twice.
    #[error("the payload at position {position} is erased twice")]
    RepeatedErasure {
        /// The event's position.
        position: GlobalPosition,
    },
    /// A number is outside what the store can hold.
    #[error("{what} is out of range")]
    OutOfRange {
        /// Which number.
        what: &'static str,
    },
}

/// Why a read gave nothing, or not all.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// An event, or what belongs to it, is not what was written.
    #[error("the log is damaged; run `verify` and restore from a backup")]
    Damaged(#[source] Damage),
    /// The checkpoint's log is not this log: the file was swapped or restored.
    #[error("checkpoint `{checkpoint}` was taken on another log; restore that log or start over")]
    Diverged {
        /// The checkpoint.
        checkpoint: Name,
    },
    /// Another process holds the store. Try again.
    #[error("the store is busy; try again")]
    Busy,
    /// Another process has migrated the store to a format that this program does not know.
    #[error("the store's format has become {found}, newer than {known}; update this program")]
    FormatChanged {
        /// The format found.
        found: u32,
        /// The newest format this program knows.
        known: u32,
    },
    /// The store was closed while somebody waited for it to go on.
    #[error("the store was closed; open it again and go on from the same position")]
    Closed,
    /// The backend failed.
    #[error("the store failed")]
    Backend(#[source] BackendError),
}

/// The first place where a log is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", place(*position))]
pub struct Damage {
    /// The position of the event, `None` if the damage is not in an event.
    pub position: Option<GlobalPosition>,
    /// What is wrong there.
    pub reason: String,
}

impl Damage {
    /// Damage at an event.
    #[must_use]
    pub fn at(position: GlobalPosition, reason: impl Into<String>) -> Self {
        Self { position: Some(position), reason: reason.into() }
    }

    /// Damage outside the events.
    #[must_use]
    pub fn elsewhere(reason: impl Into<String>) -> Self {
        Self { position: None, reason: reason.into() }
    }
}

fn place(position: Option<GlobalPosition>) -> String {
    position.map_or_else(|| "outside the events".to_owned(), |at| format!("position {at}"))
}
