//! The embedded event store of [`vitae`]: one SQLite file.
//!
//! ```text
//! store ──► inspect ──► create        what is at the path
//!   │          └──────► connect       settings, made sure of
//!   ├──► writer ──► append            one thread, one transaction a commit
//!   ├──► follow                       notices the commits of others, for who waits
//!   └──► pool ────► read, lookup, verify
//! ```
//!
//! An acknowledged commit is on the disk (`synchronous=FULL`) unless the store was opened with
//! [`Durability::LostOnPowerFailure`]. The file can be read with any SQLite shell: `SELECT * FROM
//! log`.
//!
//! # What an erasure leaves
//! A payload that a commit [erases](vitae::store::Commit::erasures) is overwritten in the file, and the
//! write-ahead log, which has older copies of the page, is emptied before the commit is answered. If a
//! reader, here or in another process, is in the midst of a read, that waits: for the first commit of
//! this handle that finds nobody reading, or until the last handle is closed. What the file system and the disk keep of blocks that were
//! overwritten is theirs. Copies are not looked for: backups, exports and view rows that were computed
//! from the payload keep what they hold until they are made anew.
//!
//! # What damage is noticed
//! Every event that is read is held against its checksum, and a stream or the log that misses one in
//! between is damage too. What leads to the events, SQLite's indexes and the tables of streams,
//! commits and tags, has no checksum: a flipped bit there can hide a stream, a commit or a tag until
//! [`verify`](vitae::store::EventStore::verify) is run, which looks at all of it.

mod append;
mod backup;
mod body;
mod connect;
mod create;
mod erase;
mod error;
mod flush;
mod follow;
mod inspect;
mod list;
mod lookup;
mod moment;
mod names;
mod options;
mod pool;
mod positions;
mod queue;
mod read;
mod row;
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
pub use store::SqliteStore;
