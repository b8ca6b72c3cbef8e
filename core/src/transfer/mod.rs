//! A log as JSON lines, and back: to keep it, to look at it with any tool, to move it to another
//! backend.
//!
//! Owns the form of the lines. Never interprets a payload, and never lets a log become another than
//! the one that was exported.
//!
//! # The form
//! Every line is a JSON object with one member, which says what it is, and ends with a line feed:
//!
//! ```text
//! {"log":{"format":"vitae-log","version":1,"id":"0199a4c2-…","events":2}}
//! {"schema":{"kind":"order.paid","version":1,"text":"{\"struct\":[[\"cents\",\"u64\"]]}"}}
//! {"commit":{"id":"0199a4c3-…","position":1,"recorded_at":1763900000000000,"digest":"6f0c…",
//!     "events":[{"category":"order","stream":"7","version":1,"kind":"order.paid","kind_version":1,
//!     "occurred_at":1763900000000000,"payload":"6CA=","shown":{"cents":4200}}, …]}}
//! ```
//!
//! - The first line names the log and how many events follow, so that a cut is noticed.
//! - A schema stands before the first commit that uses it. It is the text that the log has.
//! - A commit has its events in their order, the position of the first of them, and the digest by
//!   which a store [recognises](crate::store::Digest) it when it is tried again. Times are
//!   microseconds since the Unix epoch. What an event does not have is left out, so are the
//!   correlation with its own commit, tags and metadata that are empty.
//! - `payload` is base64 (RFC 4648, padded). An erased one has its digest as `erased` instead, 16
//!   hexadecimal digits. `shown` is for people: the payload by its schema, unless it is larger than
//!   64 KiB or does not fit. An import does not look at it.
//!
//! Checkpoints and view rows are not exported, nor is what a commit expected, nor a commit that holds
//! no event, nor a schema that no event has: projections are [rebuilt](crate::Bus::rebuild), and
//! readers begin anew.
//!
//! # Recorded-at
//! An imported event has the recorded-at of the log that it comes from, although recorded-at is the
//! store's word: an import does not record anything, it makes the same log again, checksums
//! included. So it is the one way to set [`Commit::recorded_at`](crate::store::Commit::recorded_at):
//! no other commit can say when it was taken. For the same reason an imported commit keeps its digest:
//! one whose outcome was unknown can be tried again over the imported log.

mod decode;
mod error;
mod export;
mod import;
mod line;

pub use error::{ExportError, ImportError, ImportReason};
pub use export::{Exported, export};
pub use import::{Imported, MAX_LINE_BYTES, import, import_bounded};
