//! Several consumers that share the entities of one subscription.
//!
//! Owns who has which entities, how far each has come, and that whoever lost some commits nothing for
//! them. Never keeps what a consumer made of an event: that is on the log, or outside.

mod batch;
mod consumer;
mod error;
mod group;
mod held;
mod partition;
mod roster;
mod share;
mod status;
mod tend;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use batch::Batch;
pub use consumer::Consumer;
pub use error::ConsumerError;
pub use roster::MemberId;
pub use status::PartitionStatus;
pub(super) use status::statuses;

use super::{Bus, Start};
use crate::name::Name;
use crate::store::{EventStore, Query};
use crate::time::Clock;
use group::Group;
use partition::MAX_PARTITIONS;

/// How many partitions a group has, and how long a lease is, unless set.
const PARTITIONS: u16 = 16;
const LEASE: Duration = Duration::from_secs(10);

/// How many events a batch has at the most, unless set.
const BATCH: usize = 1_024;

/// A group of consumers that is being set up: see [`Bus::consumers`].
#[must_use = "nothing happens before `start`"]
pub struct Consumers {
    store: Arc<dyn EventStore>,
    clock: Arc<dyn Clock>,
    name: String,
    query: Query,
    partitions: u16,
    lease: Duration,
    batch: usize,
}

impl fmt::Debug for Consumers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumers")
            .field("name", &self.name)
            .field("query", &self.query)
            .field("partitions", &self.partitions)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

impl Bus {
    /// A group of consumers of the events that match a query, to be set up. Its members, in any number
    /// of threads and of processes on this log, share the entities: each entity's events come to one
    /// of them at a time, in order, and to another one when that has gone or died. The name is that of
    /// the group's checkpoints.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::time::Duration;
    /// # use serde::{Deserialize, Serialize};
    /// # use vitae::{Event, Lifecycle, MemoryStore};
    /// use vitae::{Bus, Start};
    /// # #[derive(Event, Serialize, Deserialize)]
    /// # #[event(name = "order.paid")]
    /// # struct Paid {}
    /// # #[derive(Lifecycle, Clone)]
    /// # #[lifecycle(name = "order")]
    /// # enum Order {
    /// #     #[state(initial)]
    /// #     #[on(Paid => Settled)]
    /// #     Open,
    /// #     #[state(terminal)]
    /// #     Settled,
    /// # }
    /// # impl OrderTransitions for Order {}
    /// # fn send_mail(_: &str) -> Result<(), std::fmt::Error> { Ok(()) }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::open(Arc::new(MemoryStore::new()))?;
    /// # bus.commit(bus.load::<Order>("7")?.record(Paid {})?)?;
    /// # bus.commit(bus.load::<Order>("8")?.record(Paid {})?)?;
    ///
    /// let mailers = bus
    ///     .consumers("mailer", bus.events_of::<Order>()?)
    ///     .lease(Duration::from_secs(30))
    ///     .start(Start::Beginning)?;
    ///
    /// let mut mailer = mailers.join()?; // and others, elsewhere
    /// let mut mails = 0;
    /// while let Some(batch) = mailer.next_timeout(Duration::ZERO)? {
    ///     for event in batch.iter() {
    ///         send_mail(event.stream())?;
    ///         mails += 1;
    ///     }
    ///     batch.done()?;
    /// }
    /// assert_eq!(mails, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn consumers(&self, name: impl Into<String>, query: Query) -> Consumers {
        Consumers {
            store: Arc::clone(&self.inner.store),
            clock: Arc::clone(&self.inner.home.clock),
            name: name.into(),
            query,
            partitions: PARTITIONS,
            lease: LEASE,
            batch: BATCH,
        }
    }
}

impl Consumers {
    /// Sets into how many partitions the entities are divided, 1 to 1,024: 16 unless set. No more
    /// members than this have something to do. It cannot be changed once the group has started.
    pub const fn partitions(mut self, partitions: u16) -> Self {
        self.partitions = partitions;
        self
    }

    /// Sets how long a member keeps its partitions without being heard of: 10 seconds unless set, and a
    /// millisecond at least. All members should say the same.
    ///
    /// A batch may take two thirds of it. A shorter one is sooner taken over from a member that died;
    /// each member writes a few rows three times within it. It is measured by the bus's clock, and
    /// clocks that differ between processes make it so much shorter or longer, but never let two
    /// members commit for one entity.
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// At most this many events a batch: 1,024 unless set; 0 is taken as 1. A batch has about 1 MiB at
    /// the most, or one event.
    pub const fn batch_of(mut self, events: usize) -> Self {
        self.batch = events;
        self
    }

    /// The group. Where it starts says who is first to call this on the log; from then on, its
    /// checkpoints do.
    ///
    /// The query is not kept. A member with another one passes over what does not match its own.
    ///
    /// # Errors
    /// [`ConsumerError::OtherPartitions`] if the group was started with another number of them; if the
    /// name or the number cannot be (`vitae.…` is the library's own), the place is not on the log, or the
    /// store does not answer. A retry is safe.
    pub fn start(self, start: Start) -> Result<ConsumerGroup, ConsumerError> {
        let (asked, lease) = (self.partitions, self.lease.max(Duration::from_millis(1)));
        if asked == 0 || asked > MAX_PARTITIONS {
            return Err(ConsumerError::Partitions { asked });
        }
        let name = Name::new(&self.name)?;
        if name.is_of_library() {
            return Err(ConsumerError::Reserved { group: name });
        }
        let group = Group {
            store: Arc::downgrade(&self.store),
            clock: self.clock,
            name,
            query: self.query,
            partitions: asked,
            lease: i64::try_from(lease.as_micros()).unwrap_or(i64::MAX),
            batch: self.batch,
        };
        group.begin(&*self.store, start)?;
        Ok(ConsumerGroup(Arc::new(group)))
    }
}

/// A group of consumers. Cloning is cheap: the clones are one group.
///
/// It does not keep the store open, and neither do its members: with the bus, or with the last handle
/// of the store, they end, with [`ReadError::Closed`](crate::store::ReadError::Closed).
///
/// Each member reads the events of the query in one scan, and passes over those of others' partitions:
/// with n members they are read n times. A partition that is behind the others is read from where it
/// is, which is a scan of its own until it has caught up.
#[derive(Clone)]
pub struct ConsumerGroup(Arc<Group>);

impl fmt::Debug for ConsumerGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumerGroup").field("name", &self.0.name).finish_non_exhaustive()
    }
}

impl ConsumerGroup {
    /// A new member. It has what is free of its share at once, and the rest when the others have let it
    /// go: when they next look after their leases, which is three times within one.
    ///
    /// # Errors
    /// [`ConsumerError`] if the store does not answer. A retry is safe.
    pub fn join(&self) -> Result<Consumer, ConsumerError> {
        Consumer::join(Arc::clone(&self.0))
    }

    /// Where each of its partitions stands: what [`Bus::status`] says of all groups of the log.
    ///
    /// # Errors
    /// [`ConsumerError`] if the store does not answer.
    pub fn status(&self) -> Result<Vec<PartitionStatus>, ConsumerError> {
        let group = &self.0;
        status::of(&*group.store()?, &group.name, group.now())
    }
}
