//! vitae
mod event;
mod id;
mod memory;
mod name;
mod number;
pub mod schema;
pub mod store;
mod time;
pub use event::{DecodeError, EncodeError, Event, NoPredecessor, Predecessor, TagValue, tag};
pub use id::{CommitId, CorrelationId, EventId, LogId};
pub use memory::MemoryStore;
pub use name::{InvalidName, MAX_NAME_BYTES, Name, StreamId};
pub use number::{GlobalPosition, KindVersion, RowVersion, StreamVersion};
pub use schema::Schema;
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
