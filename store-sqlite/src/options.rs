//! How a store is opened.
//!
//! Owns the settings and their defaults. Never touches a file.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use vitae::store::Limits;
use vitae::{Clock, SystemClock};

use crate::flush::Indexing;
use crate::{OpenError, SqliteStore};

/// How a store is opened. Begin with [`SqliteStore::options`].
#[derive(Clone)]
pub struct Options {
    pub(crate) limits: Limits,
    pub(crate) busy_timeout: Duration,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) durability: Durability,
    pub(crate) queue: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) queue_timeout: Duration,
    pub(crate) close_timeout: Duration,
    pub(crate) max_pages: Option<u32>,
    pub(crate) indexing: Indexing,
    pub(crate) follow: Option<Duration>,
}

/// What of an acknowledged commit survives.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum Durability {
    /// Every acknowledged commit survives the end of the process and the loss of power: the disk
    /// is told to write before the acknowledgement.
    #[default]
    Full,
    /// Every acknowledged commit survives the end of the process; the latest are **lost when the
    /// power fails**. What is left is whole: a prefix of the log.
    LostOnPowerFailure,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("limits", &self.limits)
            .field("busy_timeout", &self.busy_timeout)
            .field("durability", &self.durability)
            .field("queue", &self.queue)
            .field("queue_bytes", &self.queue_bytes)
            .field("queue_timeout", &self.queue_timeout)
            .field("close_timeout", &self.close_timeout)
            .field("max_pages", &self.max_pages)
            .field("indexing", &self.indexing)
            .field("follow", &self.follow)
            .finish_non_exhaustive()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            busy_timeout: Duration::from_secs(5),
            clock: Arc::new(SystemClock),
            durability: Durability::Full,
            queue: 1_024,
            queue_bytes: 64 << 20,
            queue_timeout: Duration::from_secs(5),
            close_timeout: Duration::from_secs(30),
            max_pages: None,
            indexing: Indexing { every: 65_536, chunk: 96, bundles_from: 128 },
            follow: Some(Duration::from_millis(20)),
        }
    }
}

impl Options {
    /// What the store accepts at the most.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How long to wait for another process before answering `Busy`: 5 seconds unless set. More than
    /// SQLite can be told, 24 days, is taken as that.
    #[must_use]
    pub const fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// The clock for the times at which commits are taken: the machine's unless set.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// What of an acknowledged commit survives: [`Durability::Full`] unless set.
    #[must_use]
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How many commits may be queued for the disk: 1,024 unless set; 0 is taken as 1. Further ones
    /// wait for room, 16 times as many at the most; beyond that they are answered `Busy` at once.
    #[must_use]
    pub const fn queue(mut self, commits: usize) -> Self {
        self.queue = commits;
        self
    }

    /// About how many bytes of memory the queued commits may take together: 64 MiB unless set. One
    /// commit always has room, however large.
    #[must_use]
    pub const fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// How long a commit may wait for room in the queue before it is answered `Busy`, not queued and
    /// nothing written: 5 seconds unless set.
    #[must_use]
    pub const fn queue_timeout(mut self, timeout: Duration) -> Self {
        self.queue_timeout = timeout;
        self
    }

    /// How long dropping the store may wait for the commits that it has accepted: 30 seconds unless
    /// set. What the writer has not begun then is answered `Closed`, what it has begun
    /// `OutcomeUnknown`. As long as that hangs in the system, a store opened anew cannot tell what becomes
    /// of it: it has no receipt yet. The same commit again waits for it, and then has the answer.
    #[must_use]
    pub const fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// How large this handle may make the file, in pages of 4 KiB: a commit that needs more is
    /// answered `StorageFull`. No bound unless set.
    #[must_use]
    pub const fn max_pages(mut self, pages: u32) -> Self {
        self.max_pages = Some(pages);
        self
    }

    /// After how many events the index of streams and commits is written: 65,536 unless set; 0 is
    /// taken as 1. Until then it is kept in memory and, when a store is opened, read from the events.
    /// More makes appends cheaper; fewer take less memory, and open sooner after a crash.
    #[must_use]
    pub const fn index_every(mut self, events: u64) -> Self {
        self.indexing.every = events;
        self
    }

    /// From how many events on those of a stream are bundled, and how many to a bundle: 128 and 96 unless
    /// set, `u64::MAX` for never; 0 events to a bundle are taken as 1.
    ///
    /// The events of a stream may stand on a page each, far from one another. In a bundle they stand once
    /// more, one behind the other, and a load reads a page for many of them. This costs the bytes of these
    /// events a second time, and their reading and writing when the index is written. Events so large
    /// that a bundle would come to more than 64 KiB are left where they are. What is bundled stays so
    /// whatever is set later.
    #[must_use]
    pub const fn bundles(mut self, from: u64, of: usize) -> Self {
        self.indexing.bundles_from = from;
        self.indexing.chunk = if of == 0 { 1 } else { of };
        self
    }

    /// How often to look for the commits of other handles and processes while somebody waits for the
    /// log to go on: every 20 ms unless set. Those of this handle need no looking. `None`: never, for
    /// a file that nobody else writes to.
    #[must_use]
    pub const fn follow(mut self, every: Option<Duration>) -> Self {
        self.follow = every;
        self
    }

    /// Opens a store for reading and writing, and creates it if there is none. A file of an older
    /// format is taken to the newest, [all of it or nothing](crate#formats).
    ///
    /// # Errors
    /// [`OpenError`]; a file that is no store, or of a newer format, is left exactly as it was.
    pub fn open(self, path: impl AsRef<Path>) -> Result<SqliteStore, OpenError> {
        SqliteStore::open_or_create(path.as_ref(), self)
    }

    /// Opens a store for reading and writing that must be there.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`OpenError::Missing`].
    pub fn open_existing(self, path: impl AsRef<Path>) -> Result<SqliteStore, OpenError> {
        SqliteStore::open_present(path.as_ref(), self)
    }

    /// Opens a store for reading only: nothing is ever written to it. Works beside a writer. SQLite
    /// may leave its `-wal` and `-shm` files, empty of events, beside it.
    ///
    /// # Errors
    /// As [`open_existing`](Self::open_existing), and [`OpenError::OlderFormat`]: a file is taken to a
    /// newer format only when it is opened for writing.
    pub fn open_read_only(self, path: impl AsRef<Path>) -> Result<SqliteStore, OpenError> {
        SqliteStore::open_for_reading(path.as_ref(), self)
    }
}
