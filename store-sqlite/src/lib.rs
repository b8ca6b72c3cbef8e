//! The embedded event store of [`vitae`]: one SQLite file.
//!
//! ```text
//! store ──► inspect ──► create        what is at the path
//!   │          └──────► connect       settings, made sure of
//!   ├──► writer ──► append            one thread, one transaction a commit
//!   └──► pool ────► read, lookup, verify
//! ```
//!
//! An acknowledged commit is on the disk (`synchronous=FULL`) unless the store was opened with
//! [`Durability::LostOnPowerFailure`]. The file can be read with any SQLite shell: `SELECT * FROM
//! log`.

mod append;
mod connect;
mod create;
mod error;
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
