//! The store: one file, one writer, several readers.
//!
//! Owns the opening and the closing. Never asks the file anything itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use rusqlite::Connection;
use vitae::store::{
    AppendError, Changes, Checkpoint, Commit, EventStore, Limits, Page, Publisher, Read, ReadError,
    Receipt, RegisteredSchema, Snapshot, Ticket, ViewRow,
};
use vitae::{CommitId, GlobalPosition, LogId, Name, StreamId, Timestamp};

use crate::desk::Desk;
use crate::error::{BackupError, Fault, OpenError};
use crate::follow::Follower;
use crate::inspect::{FORMAT, Found, inspect, require_format};
use crate::options::Options;
use crate::pool::Pool;
use crate::tail::Tail;
use crate::writer::Writer;
use crate::{backup, connect, create, lookup, read, snapshot, verify};

/// An event store in one SQLite file.
///
/// Several handles, in one process or in several, may have one file open; each sees the others'
/// commits. Dropping a handle waits until every commit that was queued has its answer.
///
/// ```
/// use vitae::store::EventStore;
/// use vitae_sqlite::SqliteStore;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("events.db");
/// let store = SqliteStore::open(&path).unwrap();
/// assert_eq!(store.head().unwrap(), None);
///
/// let error = SqliteStore::open_existing(folder.path()).unwrap_err();
/// assert!(error.to_string().contains("it is a folder"));
/// ```
pub struct SqliteStore {
    log_id: LogId,
    limits: Limits,
    readers: Pool,
    publisher: Arc<Publisher>,
    /// `None` if nobody else's commits are looked for.
    follower: Option<Follower>,
    /// `None` if the store was opened for reading.
    writer: Option<Writer>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("log_id", &self.log_id).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// The settings to open a store with.
    #[must_use]
    pub fn options() -> Options {
        Options::default()
    }

    /// Opens a store for reading and writing, and creates it if there is none. A file of an older
    /// format is taken to the newest, [all of it or nothing](crate#formats).
    ///
    /// # Errors
    /// [`OpenError`]; a file that is no store, or of a newer format, is left exactly as it was.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::options().open(path)
    }

    /// Opens a store for reading and writing that must be there.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`OpenError::Missing`].
    pub fn open_existing(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::options().open_existing(path)
    }

    /// Opens a store for reading only: nothing is ever written to it. Works beside a writer. SQLite
    /// may leave its `-wal` and `-shm` files, empty of events, beside it.
    ///
    /// # Errors
    /// As [`open_existing`](Self::open_existing), and [`OpenError::OlderFormat`]: a file is taken to a
    /// newer format only when it is opened for writing.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::options().open_read_only(path)
    }

    /// Copies the store as it is now to a path where there is nothing, while it goes on being read and
    /// written. The copy is a store of its own with the same log id; it appears at its path when it
    /// is complete and on the disk.
    ///
    /// Damage is copied too: [`verify`](EventStore::verify) the copy.
    ///
    /// # Errors
    /// [`BackupError`]; then nothing is at the path. A retry is safe.
    pub fn back_up(&self, to: impl AsRef<Path>) -> Result<(), BackupError> {
        backup::back_up(&self.readers, to.as_ref())
    }

    /// A connection that reads the file with SQL of the caller's own, and can never write: for the views of
    /// a [`TableProjection`](crate::TableProjection). A transaction that stays open on it lets the
    /// write-ahead log grow.
    ///
    /// # Errors
    /// [`ReadError`] if the file cannot be opened.
    pub fn sql_reader(&self) -> Result<Connection, ReadError> {
        Ok(connect::reader(self.readers.path(), self.readers.options())?)
    }

    /// Opens a connection beside that of the writer.
    pub(crate) fn beside_writer(&self) -> Result<Connection, OpenError> {
        let path = self.readers.path();
        if self.writer.is_none() {
            return Err(OpenError::ReadOnly { path: path.clone() });
        }
        connect::beside_writer(path, self.readers.options())
    }

    /// Opens a database of nobody else's, which is gone with the connection.
    pub(crate) fn scratch(&self) -> Result<Connection, Fault> {
        connect::scratch(self.readers.options())
    }

    pub(crate) fn on_open(&self, fault: Fault) -> OpenError {
        fault.on_open(self.readers.path().clone())
    }

    /// Lets somebody work at the writer's desk.
    pub(crate) fn at_desk<T>(
        &self,
        work: impl FnOnce(&mut Desk, Timestamp) -> T,
    ) -> Result<T, AppendError> {
        self.writer.as_ref().ok_or(AppendError::ReadOnly)?.at_desk(work)
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn open_or_create(path: &Path, options: Options) -> Result<Self, OpenError> {
        let path = absolute(path)?;
        connect::require_safe_sqlite(&path, rusqlite::version_number())?;
        if let Found::Nothing = inspect(&path)? {
            create::create(&path, options.clock.now())?;
        }
        Self::open_present(&path, options)
    }

    pub(crate) fn open_present(path: &Path, options: Options) -> Result<Self, OpenError> {
        let path = present(path)?;
        let connection = connect::writer(&path, &options)?;
        let tail = Arc::new(RwLock::new(Tail::default()));
        let publisher = Arc::new(Publisher::new(None));
        let writer = Writer::start(connection, Arc::clone(&tail), Arc::clone(&publisher), &options)
            .map_err(|error| Fault::from(error).on_open(path.clone()))?;
        Self::with_readers(path, options, tail, publisher, Some(writer))
    }

    pub(crate) fn open_for_reading(path: &Path, options: Options) -> Result<Self, OpenError> {
        let publisher = Arc::new(Publisher::new(None));
        Self::with_readers(present(path)?, options, Arc::default(), publisher, None)
    }

    fn with_readers(
        path: PathBuf,
        options: Options,
        tail: Arc<RwLock<Tail>>,
        publisher: Arc<Publisher>,
        writer: Option<Writer>,
    ) -> Result<Self, OpenError> {
        connect::require_safe_sqlite(&path, rusqlite::version_number())?;
        let limits = options.limits;
        let readers = Pool::new(path.clone(), options.clone(), tail);
        let found = readers.ask_file(|connection| {
            let format = require_format(&path, connect::format(connection)?, FORMAT);
            let mode = format.and_then(|()| connect::require_wal(&path, connection));
            Ok(match mode {
                Ok(()) => Ok((lookup::log_id(connection)?, lookup::head(connection)?)),
                Err(error) => Err(error),
            })
        });
        let (log_id, head) = found.map_err(|fault| fault.on_open(path.clone()))??;
        publisher.publish(GlobalPosition::new(head));
        let follows = Arc::clone(&publisher);
        let follower = options
            .follow
            .map(|every| Follower::start(path.clone(), options, every, follows))
            .transpose()
            .map_err(|error| Fault::from(error).on_open(path))?;
        Ok(Self { log_id, limits, readers, publisher, follower, writer })
    }
}

/// The path with the working directory in it, for connections are opened later too, and without
/// symbolic links, for SQLite names its log after what they lead to.
fn absolute(path: &Path) -> Result<PathBuf, OpenError> {
    if cfg!(unix)
        && let Ok(path) = std::fs::canonicalize(path)
    {
        return Ok(path);
    }
    std::path::absolute(path).map_err(|error| Fault::from(error).on_open(path.to_owned()))
}

fn present(path: &Path) -> Result<PathBuf, OpenError> {
    let path = absolute(path)?;
    match inspect(&path)? {
        Found::Store => Ok(path),
        Found::Nothing => Err(OpenError::Missing { path }),
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.publisher.close();
        // The writer closes last: then SQLite brings the log home and removes it.
        self.follower = None;
        self.readers.close();
    }
}

impl EventStore for SqliteStore {
    fn log_id(&self) -> LogId {
        self.log_id
    }

    fn append(&self, commit: Commit) -> Ticket {
        let Some(writer) = &self.writer else {
            return Ticket::ready(Err(AppendError::ReadOnly));
        };
        match commit.check(&self.limits) {
            // Hashed here, where many callers can do it at once.
            Ok(()) => writer.submit(commit.digest(), commit),
            Err(invalid) => Ticket::ready(Err(invalid.into())),
        }
    }

    fn commit(&self, commit: Commit) -> Result<Receipt, AppendError> {
        let writer = self.writer.as_ref().ok_or(AppendError::ReadOnly)?;
        commit.check(&self.limits)?;
        let digest = commit.digest();
        match writer.commit_here(digest, &commit) {
            Some(answer) => answer,
            None => writer.submit(digest, commit).wait(),
        }
    }

    fn read(&self, read: &Read, page: &mut Page) -> Result<(), ReadError> {
        page.clear();
        Ok(self.readers.ask(|moment, names| read::read(moment, names, read, page))?)
    }

    fn head(&self) -> Result<Option<GlobalPosition>, ReadError> {
        Ok(self.readers.ask(|moment, _| Ok(moment.head)).map(GlobalPosition::new)?)
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
        Ok(self
            .readers
            .ask_once(|connection| lookup::streams(connection, category, after, limit))?)
    }

    fn receipt(&self, commit: CommitId) -> Result<Option<Receipt>, ReadError> {
        Ok(self.readers.ask(|moment, names| moment.receipt(names, commit))?)
    }

    fn schemas(&self) -> Result<Vec<RegisteredSchema>, ReadError> {
        Ok(self.readers.ask_once(lookup::schemas)?)
    }

    fn checkpoint(&self, name: &Name) -> Result<Option<Checkpoint>, ReadError> {
        let checkpoint =
            self.readers.ask_once(|connection| lookup::checkpoint(connection, name))?;
        if let Some(checkpoint) = &checkpoint {
            checkpoint.confirm(name, self)?;
        }
        Ok(checkpoint)
    }

    fn row(&self, view: &Name, key: &[u8]) -> Result<Option<ViewRow>, ReadError> {
        Ok(self.readers.ask_once(|connection| lookup::row(connection, view, key))?)
    }

    fn rows(
        &self,
        view: &Name,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<ViewRow>, ReadError> {
        Ok(self
            .readers
            .ask_once(|connection| lookup::rows(connection, view, prefix, after, limit))?)
    }

    fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, ReadError> {
        Ok(self.readers.ask_once(|connection| snapshot::read(connection, stream))?)
    }

    fn verify(&self) -> Result<u64, ReadError> {
        Ok(self.readers.ask(verify::verify)?)
    }
}
