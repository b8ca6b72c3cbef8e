//! vitae
#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;
mod aggregate;
mod bus;
mod catalog;
mod event;
mod id;
pub mod lifecycle;
mod memory;
mod name;
mod number;
pub mod schema;
pub mod store;
mod time;
pub use aggregate::{
    Aggregate, AnyState, Fold, FoldError, FoldReason, RecordError, RecordReason, Stage, WrongState,
};
pub use bus::*;
pub use catalog::{Catalog, CatalogError};
pub use event::{DecodeError, EncodeError, Event, NoPredecessor, Predecessor, TagValue, tag};
pub use id::{CommitId, CorrelationId, EventId, LogId};
pub use lifecycle::{Context, Lifecycle, Refusal, State, Transition};
pub use memory::MemoryStore;
pub use name::{InvalidName, MAX_NAME_BYTES, Name, StreamId};
pub use number::{GlobalPosition, KindVersion, RowVersion, StreamVersion};
pub use schema::Schema;
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
pub use vitae_macros::{Event, Lifecycle, Schema};
