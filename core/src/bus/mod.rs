//! The bus: one log, and the lifecycles that live on it.
//!
//! Owns loading, committing and composing: policies, inline projections, snapshots, the memory of
//! states used last. The only place that knows both lifecycles and a store. Never computes a transition itself.

mod alongside;
mod as_of;
mod builder;
mod catch_up;
mod commit;
mod consumers;
mod decide;
mod decision;
mod drift;
mod durable;
mod edges;
mod effects;
mod erase;
mod error;
mod generations;
mod known_rows;
mod parts;
mod policy;
mod projection;
mod rebuild;
mod recent;
mod rows;
mod schemas;
mod set;
mod shadow;
mod sight;
mod snapshots;
mod spare;
mod start;
mod submitted;
mod tables;
mod timers;
mod turns;
mod view;
mod working;

pub use alongside::Alongside;
pub use as_of::{AsOf, Past};
pub use builder::BusBuilder;
pub use consumers::{
    Batch, Consumer, ConsumerError, ConsumerGroup, Consumers, MemberId, PartitionStatus,
};
pub use decide::{Decide, DecideError, Decided};
pub use decision::DecisionModel;
pub use drift::{Drift, Recomputed, RowDrift};
pub use effects::{
    BackOff, Call, Effect, EffectDelivered, EffectFailed, EffectGivenUp, EffectHeld, EffectParked,
    EffectRetried, ParkedError, ParkedEvent, ParkedEvents,
};
pub use erase::{EraseError, PayloadErased};
pub use error::{CommitError, CommitReason, HandlerError, LoadError, OpenError, RebuildError};
pub use parts::{PartError, PartFailed, PartKind, PartState, PartStatus, Running, StillRunning};
pub use policy::{Policy, Reaction, ReactionError};
pub use projection::Projection;
pub use rebuild::Rebuilt;
pub use rows::Rows;
pub use set::CommitSet;
pub use shadow::{Shadow, ShadowProgress};
pub use snapshots::{PassedOver, PassedOverReason, SnapshotError, SnapshotUse, Snapshots};
pub use start::Start;
pub use submitted::Submitted;
pub use tables::{Handlers, ProjectionInTables, Tables, TablesError};
pub use timers::{DueTimers, PendingTimer, PendingTimers, RestoreTimersError};
pub use view::View;

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::aggregate::{Aggregate, Draft, Fold, Home};
use crate::lifecycle::Lifecycle;
use crate::name::{InvalidName, Name, StreamId};
use crate::number::{GlobalPosition, StreamVersion};
use crate::store::{EventStore, Query, Read, Receipt, Streams, Subscription};
use as_of::Reached;
use catch_up::CatchUp;
use parts::Parts;
use policy::Policies;
use projection::Projections;
use recent::Recent;
use schemas::Schemas;
use spare::SparePage;
use timers::Unfired;
use turns::Turns;

/// One log and everything that is composed over it. Cloning is cheap: the clones are one bus.
#[derive(Clone)]
pub struct Bus {
    inner: Arc<Inner>,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("log", &self.inner.home.log).finish_non_exhaustive()
    }
}

struct Inner {
    store: Arc<dyn EventStore>,
    home: Home,
    policies: Policies,
    parts: Parts,
    /// The last event of the log when this bus was opened.
    opened: Option<GlobalPosition>,
    projections: Projections,
    /// Those of the parts that are projections.
    catching_up: Vec<Arc<CatchUp>>,
    schemas: Schemas,
    snapshots: snapshots::Registry,
    recent: Recent,
    spare: SparePage,
    turns: Turns,
    unfired: Unfired,
}

impl Bus {
    /// Opens a bus with nothing registered: lifecycles are checked when they are first used.
    ///
    /// # Errors
    /// As [`BusBuilder::open`].
    pub fn open(store: Arc<dyn EventStore>) -> Result<Self, OpenError> {
        Self::builder(store).open()
    }

    /// A bus to be set up: lifecycles, policies, projections, clock.
    pub fn builder(store: Arc<dyn EventStore>) -> BusBuilder {
        BusBuilder::new(store)
    }

    /// The store below: for reads of the log as it is.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn EventStore> {
        &self.inner.store
    }

    /// Loads a life by its id. One that has no events yet is in its initial state, without a
    /// version.
    ///
    /// Of a life that the bus remembers, or has a snapshot of ([`Snapshots`]), reads only what came
    /// since.
    ///
    /// # Errors
    /// [`LoadError`] if the id cannot be a name, the lifecycle's events have another shape in the
    /// log, the store cannot be read, or an event of the stream cannot be taken by the lifecycle. A
    /// retry is safe.
    pub fn load<L: Lifecycle>(&self, id: impl AsRef<str>) -> Result<Aggregate<L>, LoadError> {
        self.inner.load(id.as_ref())
    }

    /// Loads a life that must have begun.
    ///
    /// # Errors
    /// [`LoadError::NotFound`] if it has no events; else as [`load`](Self::load).
    pub fn load_existing<L: Lifecycle>(
        &self,
        id: impl AsRef<str>,
    ) -> Result<Aggregate<L>, LoadError> {
        let aggregate = self.load(id)?;
        if aggregate.version().is_none() {
            return Err(LoadError::NotFound { stream: aggregate.stream().clone() });
        }
        Ok(aggregate)
    }

    /// The streams of every life of a lifecycle that has begun, in bytewise order of their ids.
    pub fn streams<L: Lifecycle>(&self) -> Streams<'_> {
        // A category that cannot be a name has no streams.
        Streams::of(self.inner.store.as_ref(), Name::from_static(L::DEFINITION.name).ok())
    }

    /// Makes what was recorded durable: one aggregate, a tuple or a `Vec` of them, all or nothing,
    /// with everything that policies and inline projections make of it. Blocks until the store has
    /// answered.
    ///
    /// The events stand in the log in the order of the aggregates, then those of policies. What
    /// comes back is as new as the commit, with one exception: an aggregate whose state the
    /// compiler knows, and that a policy moved to another state, comes back as its own events left
    /// it; committing it again is a conflict, as it would be had somebody else moved it.
    ///
    /// An aggregate in which nothing was recorded is only held against the log: it must be at the
    /// version at which it was loaded.
    ///
    /// A conflict on a stream that only a policy touched or looked at is retried here, on fresh state,
    /// a bounded number of times. So is a row that was computed from an older one.
    ///
    /// # Errors
    /// [`CommitError`], with the aggregates as they were in it. Committing them again is the same
    /// commit: after [`AppendError::OutcomeUnknown`](crate::store::AppendError::OutcomeUnknown),
    /// reopen the store and do that.
    pub fn commit<A: CommitSet>(&self, aggregates: A) -> Result<(A, Receipt), CommitError<A>> {
        self.commit_alongside(aggregates, Alongside::default())
    }

    /// [`commit`](Self::commit), with checkpoints, rows and conditions that share its fate.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub fn commit_alongside<A: CommitSet>(
        &self,
        aggregates: A,
        alongside: Alongside,
    ) -> Result<(A, Receipt), CommitError<A>> {
        Submitted::at_once(self.clone(), aggregates, alongside).wait()
    }

    /// Hands a commit to the store, as [`commit`](Self::commit) does, and returns without waiting for
    /// the answer: several can be under way. Policies and projections have run when this returns;
    /// what is wrong with the commit is said when it is waited on.
    ///
    /// Should it lose to somebody else on a life that only a policy touched, or on a row, it is put
    /// together anew when it is waited on, not before.
    pub fn submit<A: CommitSet>(&self, aggregates: A) -> Submitted<A> {
        Submitted::new(self.clone(), aggregates, Alongside::default())
    }

    /// The events that match a query, from behind a position (`None`: from the beginning) to those
    /// that are still to come: see [`Subscription`].
    #[must_use]
    pub fn subscribe(&self, query: Query, after: Option<GlobalPosition>) -> Subscription {
        Subscription::new(&self.inner.store, query, after)
    }

    /// The events of one life, from behind a position of the log (`None`: from its first) to those
    /// that are still to come: see [`Subscription::of_stream`].
    ///
    /// # Errors
    /// [`InvalidName`] if the id cannot be a name.
    pub fn subscribe_to<L: Lifecycle>(
        &self,
        id: impl AsRef<str>,
        after: Option<GlobalPosition>,
    ) -> Result<Subscription, InvalidName> {
        let stream = stream_of::<L>(id.as_ref())?;
        Ok(Subscription::of_stream(&self.inner.store, stream, after))
    }

    /// The query for every event of every life of a lifecycle.
    ///
    /// # Errors
    /// [`InvalidName`] if the lifecycle was written by hand, with a name that cannot be one.
    pub fn events_of<L: Lifecycle>(&self) -> Result<Query, InvalidName> {
        Ok(Query::category(Name::from_static(L::DEFINITION.name)?))
    }

    /// The rows of a view, read as a type.
    ///
    /// # Errors
    /// [`InvalidName`] if the view's name cannot be a name.
    pub fn view<T: serde::de::DeserializeOwned>(
        &self,
        name: impl AsRef<str>,
    ) -> Result<View<T>, InvalidName> {
        Ok(View::new(Arc::clone(&self.inner.store), Name::new(name)?))
    }

    /// Computes an inline projection anew from the first event, and puts its rows in the place of
    /// the present ones in one commit. Says how many rows there are and how many had to change.
    ///
    /// Memory is taken for all rows of the view, up to three times: as they are stored, as they are
    /// computed, and what changes. That is one commit however many rows it is, and other commits wait for
    /// it as for any. For a view that is too large for that there is [`Projection::catch_up`].
    ///
    /// # Errors
    /// [`RebuildError`]; the rows are then as they were, unless their commit's outcome is unknown
    /// ([`AppendError::OutcomeUnknown`](crate::store::AppendError::OutcomeUnknown)). If events of the
    /// projection come in before the commit is there, it goes on with these and tries again, 16 times at
    /// the most. A retry is safe.
    pub fn rebuild(&self, view: impl AsRef<str>) -> Result<Rebuilt, RebuildError> {
        self.inner.rebuild(view.as_ref())
    }
}

/// The stream of a life: the lifecycle's name as category, and the id.
fn stream_of<L: Lifecycle>(id: &str) -> Result<StreamId, InvalidName> {
    Ok(StreamId::from_names(Name::from_static(L::DEFINITION.name)?, Name::new(id)?))
}

impl Inner {
    fn load<L: Lifecycle>(&self, id: &str) -> Result<Aggregate<L>, LoadError> {
        let stream = stream_of::<L>(id)?;
        self.schemas.ensure::<L>(self.store.as_ref())?;
        let fold = match self.recent.get::<L>(&stream) {
            Some((version, state)) => {
                let mut fold = Fold::from_state(stream, version, state);
                self.catch_up(&mut fold, |_| true)?;
                fold
            }
            None => self.read_life(&stream, |_| true)?.0,
        };
        let (stream, version, state) = fold.into_parts();
        if let Some(version) = version {
            self.recent.put(&stream, version, &state);
        }
        let draft = Box::new(Draft::new(self.home.clone(), stream, version));
        Ok(Aggregate { draft, state })
    }

    /// Reads what follows, up to the first event that is not wanted. Says which event was the last.
    fn catch_up<L: Lifecycle>(
        &self,
        fold: &mut Fold<L>,
        wanted: impl Fn(&Reached) -> bool,
    ) -> Result<Option<Reached>, LoadError> {
        let mut reached = None;
        let from = match fold.version() {
            None => StreamVersion::FIRST,
            Some(version) => match version.next() {
                Some(next) => next,
                None => return Ok(reached),
            },
        };
        let read = Read::stream(fold.stream().clone()).from_version(from);
        let mut page = self.spare.take();
        self.store.visit_in(&mut page, read, |event| {
            let next = Reached::of(event);
            if !wanted(&next) {
                return Ok(ControlFlow::Break(()));
            }
            fold.push(event)?;
            reached = Some(next);
            Ok::<_, LoadError>(ControlFlow::Continue(()))
        })?;
        self.spare.give_back(page);
        Ok(reached)
    }
}
