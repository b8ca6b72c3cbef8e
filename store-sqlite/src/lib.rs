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
//! # What damage is noticed
//! Every event that is read is held against its checksum, and a stream or the log that misses one in
//! between is damage too. What leads to the events, SQLite's indexes and the tables of streams,
//! commits and tags, has no checksum: a flipped bit there can hide a stream, a commit or a tag until
//! [`verify`](vitae::store::EventStore::verify) is run, which looks at all of it.

mod append;
mod connect;
mod create;
mod error;
mod follow;
mod inspect;
mod lookup;
mod options;
mod pool;
mod read;
mod row;
mod sql;
mod store;
mod tagged;
mod verify;
mod writer;

pub use error::OpenError;
pub use options::{Durability, Options};
pub use store::SqliteStore;
