//! Event sourcing where a lifecycle is a Rust enum and its transitions are the events on the log.
//!
//! Orders, payments, deployments, agent runs: what has a life is declared once, as an enum.
//! [`Lifecycle`](derive@Lifecycle) turns the declaration into a typed state machine. A wrong
//! transition does not compile; state is read back from events, and no copy of it is ever the truth.
//!
//! ```
//! use std::sync::Arc;
//!
//! use serde::{Deserialize, Serialize};
//! use vitae::{Bus, Context, Event, Lifecycle, MemoryStore};
//!
//! #[derive(Event, Serialize, Deserialize, Clone, Debug)]
//! #[event(name = "order.placed", tag = customer)]
//! pub struct Placed {
//!     pub customer: String,
//!     pub cents: u64,
//! }
//!
//! #[derive(Event, Serialize, Deserialize, Clone, Debug)]
//! #[event(name = "order.paid")]
//! pub struct Paid {}
//!
//! #[derive(Lifecycle, Debug)]
//! #[lifecycle(name = "order")]
//! pub enum Order {
//!     #[state(initial)]
//!     #[on(Placed => Open)]
//!     Draft,
//!     #[on(Paid => Done)]
//!     Open(Open),
//!     #[state(terminal)]
//!     Done,
//! }
//!
//! #[derive(Clone, Debug)]
//! pub struct Open {
//!     pub cents: u64,
//! }
//!
//! // One function for each edge; an edge into a state without data needs none.
//! impl OrderTransitions for Order {
//!     fn draft_on_placed(_: Draft, event: &Placed, _: &Context) -> Open {
//!         Open { cents: event.cents }
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bus = Bus::open(Arc::new(MemoryStore::new()))?;
//!
//! let draft = bus.load::<Order>("order-7")?.at::<Draft>()?;
//! let open = draft.record(Placed { customer: "ada".into(), cents: 4_200 })?;
//! assert_eq!(open.state().cents, 4_200);
//! let (open, _receipt) = bus.commit(open.record(Paid {})?)?;
//! # let _ = open;
//!
//! let order = bus.load::<Order>("order-7")?;
//! assert!(matches!(order.state(), Order::Done));
//! let refused = order.record(Paid {}).unwrap_err();
//! assert!(refused.to_string().starts_with("`Paid` cannot happen in state `Done` of `order`"));
//! # Ok(())
//! # }
//! ```
//!
//! # The parts
//! ```text
//!   declaration ──derive──▶ Lifecycle, State, Transition        (lifecycle)
//!                                │
//!   load ◀── fold ◀── events     │  record       (Aggregate)
//!     │                          ▼
//!   Bus ── policies, projections, commit         (Bus)
//!     │
//!   EventStore: memory, SQLite, …                (store) ──▶ Subscription, transfer
//! ```
//! - [`lifecycle`]: what a declaration becomes, the table that describes it at run time, and its
//!   [diagram](Lifecycle::diagram).
//! - [`Event`](trait@Event), [`schema`]: payloads, their versions, and their shapes, which the log
//!   keeps so that any tool can read it ([`Catalog`]).
//! - [`Aggregate`]: one life, typed or not, with what was recorded and waits to be committed.
//! - [`Bus`]: loads, commits, and composes lifecycles through [`Policy`] and [`Projection`]; what they
//!   set in motion outside is an [`Effect`]. It can keep [`Snapshots`] of long lives, and load one
//!   [as it was](Bus::load_as_of). A decision that no single life can make is made on a
//!   [`DecisionModel`]; a command from outside is [decided](Bus::decide) once for each key; a payload
//!   that has to go is [erased](Bus::erase) by an act that stays.
//! - [`Tables`]: what the crate of a store implements that keeps projections in tables of its own.
//! - [`store`]: the contract of a backend, rule by rule. [`MemoryStore`] is one; `vitae-sqlite` has
//!   the embedded default.
//! - [`store::Subscription`]: the log as it grows ([`Bus::subscribe`]), or [one life](Bus::subscribe_to)
//!   of it. Several [`Consumer`]s share it by entity, and take over from one that died
//!   ([`Bus::consumers`]). `tokio`, behind the feature of that name: the bus for tasks.
//! - [`transfer`]: a log as JSON lines, and back.
//! - `testing`, behind the feature of that name: scenarios, the coverage of edges, random walks, the
//!   lock of an event set's schemas, and the contract of a store as tests.
//!
//! # What can be seen
//! - [`Bus::status`]: position, lag and last error of every part that follows the log, what is parked
//!   and what is due, and where the groups of consumers stand.
//! - Spans and events through [`tracing`]: `commit` around the work on a commit, a caller's or that of a
//!   timer that fires, with commit and correlation; and `handle` around every handler and every timer, with
//!   part, name, kind, stream, event and correlation, so that whatever is logged in a handler can be traced
//!   back to what began it. A part that cannot go on warns.
//! - Numbers through the facade `metrics`, behind the feature of that name: `vitae_commits_total`
//!   (`outcome`: `committed`, `rejected`, `unknown`) and `vitae_commit_retries_total`, of callers and of
//!   what parts make of events;
//!   `vitae_commit_seconds` of callers and timers, from when a commit is handed over until its answer is
//!   taken; by `kind` and `name` of a part `vitae_part_step_seconds`,
//!   `vitae_part_failures_total` and the gauge `vitae_part_lag_events`.
//!
//! # What holds
//! - What [`Bus::commit`] acknowledges is durable, all of it or nothing; an outcome that is not
//!   known is never said to be one or the other ([`store::AppendError::OutcomeUnknown`]).
//! - A state is the fold of its own stream, and of nothing else. A snapshot that does not fit is passed
//!   over.
//! - A reader that follows the log misses nothing, and sees nothing twice or out of order.
//! - No input and no file makes the library panic; it has no `unsafe` code.

#[doc(hidden)]
pub mod __private;
mod aggregate;
mod bus;
mod catalog;
mod elsewhere;
mod event;
mod id;
pub mod lifecycle;
mod memory;
mod name;
mod number;
pub mod schema;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod time;
#[cfg(feature = "tokio")]
pub mod tokio;
pub mod transfer;

pub use aggregate::{
    Aggregate, Fold, FoldError, FoldReason, RecordError, RecordReason, Recordable, WrongState,
};
pub use bus::{
    Alongside, AsOf, BackOff, Batch, Bus, BusBuilder, Call, CommitError, CommitReason, CommitSet,
    Consumer, ConsumerError, ConsumerGroup, Consumers, Decide, DecideError, Decided, DecisionModel,
    Drift, DueTimers, Effect, EffectDelivered, EffectFailed, EffectGivenUp, EffectHeld,
    EffectParked, EffectRetried, EraseError, HandlerError, Handlers, LoadError, MemberId,
    OpenError, ParkedError, ParkedEvent, ParkedEvents, PartError, PartFailed, PartKind, PartState,
    PartStatus, PartitionStatus, PassedOver, PassedOverReason, Past, PayloadErased, PendingTimer,
    PendingTimers, Policy, Projection, ProjectionInTables, Reaction, ReactionError, RebuildError,
    Rebuilt, Recomputed, RestoreTimersError, RowDrift, Rows, Running, Shadow, ShadowProgress,
    SnapshotError, SnapshotUse, Snapshots, Start, StillRunning, Submitted, Tables, TablesError,
    View,
};
pub use catalog::{Catalog, CatalogError};
pub use event::{
    AnyEvent, DecodeError, EncodeError, Event, NoPredecessor, Predecessor, TagValue, tag,
};
pub use id::{CommitId, CorrelationId, EventId, LogId};
pub use lifecycle::{AnyState, Context, Lifecycle, Refusal, Stage, State, Transition};
pub use memory::MemoryStore;
pub use name::{InvalidName, MAX_NAME_BYTES, Name, StreamId};
pub use number::{GlobalPosition, KindVersion, RowVersion, StreamVersion};
pub use schema::Schema;
pub use store::Metadata;
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
pub use vitae_macros::{Event, Lifecycle, Schema};
