//! The embedded event store of [`vitae`]: one SQLite file.
//!
//! ```text
//! store ──► inspect ──► create ───┐        what is at the path
//!   │          └──────► connect ──┤        settings, made sure of
//!   │                             └► migrate   from one format to the next
//!   ├──► writer ───► queue                 the commits that wait, and who serves them
//!   │       └──────► desk ──► append       one transaction for all of them
//!   │                  └────► flush        the index of many events, written together
//!   │                            └► bundle the events of long streams once more, side by side
//!   ├──► project                           what projections keep in tables beside the log
//!   ├──► follow                            notices the commits of others, for who waits
//!   └──► pool ────► moment ──► read, verify
//!                      └─────► tail        the index of the newest events, in memory
//! ```
//!
//! An acknowledged commit is on the disk (`synchronous=FULL`) unless the store was opened with
//! [`Durability::LostOnPowerFailure`]. The file can be read with any SQLite shell: `SELECT * FROM
//! log`.
//!
//! # How much it keeps in memory
//! The commits that are queued, up to [`Options::queue`] and [`Options::queue_bytes`], and those that
//! wait for room behind them; the index of the newest events, about [`Options::index_every`] of them,
//! which is read from the events when it is not there; names and versions of the streams used last.
//!
//! # Several handles and processes
//! Each sees the others' commits, in order; each writes in a transaction that holds the file, and waits
//! for it up to [`Options::busy_timeout`]. Reading waits for nobody. Who waits for the log to go on is
//! told of the commits of others, for which a thread looks every [`Options::follow`].
//!
//! # Long streams
//! The events of a stream stand as far from one another in the log as they were recorded, in the end each on
//! a page of its own. Those of a long stream are bundled: they stand once more, one behind the other, which
//! a load of the stream reads ([`Options::bundles`]). Of a stream of 128 events or more that is the bytes of
//! its events again; shorter ones cost nothing.
//!
//! # Projections into tables
//! A [`TableProjection`] keeps what it makes of events in SQL tables of the same file, beside the log, in one
//! transaction with its checkpoint.
//!
//! # Formats
//! A file says which format it has. Opening it for writing takes an older one to the newest, step by
//! step, in one transaction: after a crash at any moment the file has the old format whole, or the new
//! one. A step that fails leaves it as it was ([`OpenError::MigrationFailed`]). Of several processes that
//! open it at once one does this, and the others wait up to [`Options::busy_timeout`]. A handle of an
//! older program that had it open takes no more commits
//! ([`FormatChanged`](vitae::store::AppendError::FormatChanged)).
//!
//! Opening for reading changes nothing, and reads the newest format only
//! ([`OpenError::OlderFormat`]). A newer format than this program knows is refused.
//!
//! # What an erasure leaves
//! A payload that a commit [erases](vitae::store::Commit::erasures) is overwritten in the file, and the
//! write-ahead log, which has older copies of the page, is emptied before the commit is answered. If a
//! reader, here or in another process, is in the midst of a read, that waits: for the first commit of
//! this handle that finds nobody reading, for its closing, or for the closing of the last handle. The snapshot of the
//! event's stream and the bundle that holds the event go with it. What the file system and the disk keep of blocks that were overwritten is
//! theirs. Copies are not looked for: backups, exports, and view rows and tables that were computed from the
//! payload keep what they hold until they are made anew.
//!
//! # What damage is noticed
//! Every event that is read is held against its checksum, and a stream or the log that misses one in
//! between is damage too. So are a part of the index, of streams or of commits, that does not fit its
//! checksum, and a snapshot, a view row, a checkpoint, a schema, the receipt of a commit without events or the
//! log's identity that does not fit its own. What leads there, SQLite's
//! own indexes, the table of tags and how many events the last row is said to hold, has none: it never
//! leads to a wrong event unnoticed, but a flipped bit can hide a stream, a commit, a tag, a row of a view
//! or the last events until [`verify`](vitae::store::EventStore::verify) is run, which looks at all of it.
//! A bundle of a stream's events that is damaged is passed over for the log, and `verify` says so.
//!
//! A write-ahead log that lost its end leaves a whole log up to some commit. Only a
//! [checkpoint](vitae::store::Checkpoint::confirm) of somebody who was further tells that there was
//! more.

mod append;
mod backup;
mod block;
mod body;
mod bundle;
mod commits;
mod connect;
mod create;
mod desk;
mod erase;
mod error;
mod event;
mod flush;
mod follow;
mod inspect;
mod list;
mod lookup;
mod migrate;
mod moment;
mod names;
mod options;
mod pool;
mod positions;
mod project;
mod queue;
mod read;
mod seal;
mod snapshot;
mod sql;
mod store;
mod tagged;
mod tail;
mod verify;
mod writer;

pub use error::{BackupError, OpenError};
pub use options::{Durability, Options};
pub use project::{DeclarationError, Sql, StatementError, TableProjection, TableProjectionError};
/// The SQLite that is spoken to: for the parameters of statements, and for reading.
pub use rusqlite;
pub use store::SqliteStore;
