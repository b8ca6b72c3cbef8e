//! A member of a group.
//!
//! Owns when it looks after its leases, reads, gives out and waits. Never works by itself: everything
//! is done in its calls.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::held::{Held, Next};
use super::roster::{self, Lease, MemberId};
use super::{Batch, ConsumerError, Group};
use crate::bus::Alongside;
use crate::store::{Changes, Checkpoint, EventStore};
use crate::time::Timestamp;

/// A member of a group of consumers: see [`ConsumerGroup::join`](super::ConsumerGroup::join).
///
/// It looks after its leases in [`next_timeout`](Self::next_timeout), and has no thread of its own:
/// one that does not ask for its next batch for the length of a [lease](super::Consumers::lease) may
/// lose its partitions to the other members.
///
/// Dropping it gives its partitions back at once, as [`leave`](Self::leave) does. One that dies is
/// missed when its leases have run out.
pub struct Consumer {
    pub(super) group: Arc<Group>,
    pub(super) changes: Changes,
    pub(super) member: MemberId,
    pub(super) held: Held,
    /// When it last looked after its leases.
    pub(super) tended: Option<Timestamp>,
    /// The partition of the batch that was given out last, until it is known what became of it.
    under_way: Option<u16>,
    left: bool,
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("group", &self.group.name)
            .field("member", &self.member)
            .finish_non_exhaustive()
    }
}

impl Consumer {
    pub(super) fn join(group: Arc<Group>) -> Result<Self, ConsumerError> {
        let store = group.store()?;
        let held = Held::new(group.partitions, group.query.clone(), group.batch);
        let (changes, member) = (store.changes(), MemberId::generate());
        let mut consumer =
            Self { group, changes, member, held, tended: None, under_way: None, left: false };
        consumer.tend(&*store)?;
        Ok(consumer)
    }

    /// Who it is among the members.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// The partitions that it has, as far as it knows.
    pub fn partitions(&self) -> impl Iterator<Item = u16> {
        self.held.parts.keys().copied()
    }

    /// The next batch, but waits for it no longer than this: then `None`. With [`Duration::ZERO`], what
    /// is there now.
    ///
    /// Partitions take turns. A batch that was not done comes again, when there is nothing else that
    /// has not been given out yet.
    ///
    /// # Errors
    /// [`ConsumerError`]. A retry is safe, unless the store is closed.
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<Batch<'_>>, ConsumerError> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            match self.work()? {
                Next::Of(partition) => return self.batch(partition),
                Next::More => continue,
                Next::Nothing => {}
            }
            let left = deadline.map_or(Duration::MAX, |at| at.duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(None);
            }
            let seen = self.held.seen().unwrap_or_else(|| self.changes.head());
            self.changes.wait_past_timeout(seen, left.min(self.until_due()))?;
        }
    }

    /// Gives its partitions back, for others to have at once. So does dropping it, but that cannot say
    /// what went wrong.
    ///
    /// # Errors
    /// [`ConsumerError`]; the leases then run out by themselves.
    pub fn leave(mut self) -> Result<(), ConsumerError> {
        self.give_back()
    }

    /// Does what is to be done before there is a batch.
    fn work(&mut self) -> Result<Next, ConsumerError> {
        let store = self.group.store()?;
        self.settle(&*store)?;
        if self.until_due().is_zero() || self.is_behind() {
            self.tend(&*store)?;
        }
        Ok(self.held.next(&store)?)
    }

    /// The events of a partition that was just chosen.
    fn batch(&mut self, partition: u16) -> Result<Option<Batch<'_>>, ConsumerError> {
        let Some(part) = self.held.parts.get(&partition) else {
            return Ok(None);
        };
        let Some(last) = part.page.iter().next_back() else {
            return Ok(None);
        };
        let moved = self.moved(partition, Checkpoint::at(&last))?;
        let (owner, until) = (Some(self.member), self.group.until(self.group.now()));
        let lease = Lease { owner, until, token: part.token };
        let row = roster::put_lease(&self.group.name, partition, Some(part.version), lease);
        self.under_way = Some(partition);
        Ok(Some(Batch {
            group: &self.group,
            partition,
            token: part.token,
            events: &part.page,
            alongside: Alongside::new().checkpoint(moved).row(row),
        }))
    }

    /// Looks what became of the batch that was given out last: done, lost, or neither.
    fn settle(&mut self, store: &dyn EventStore) -> Result<(), ConsumerError> {
        let Some(partition) = self.under_way else {
            return Ok(());
        };
        let lease = roster::lease(store, &self.group.name, partition)?;
        let checkpoint = store.checkpoint(&self.group.checkpoint(partition)?)?;
        let part = self.held.parts.get_mut(&partition).zip(lease);
        let mine = part.filter(|(part, lease)| {
            lease.value.owner == Some(self.member) && lease.value.token == part.token
        });
        if let Some((part, lease)) = mine {
            part.version = lease.version;
            if part.checkpoint != checkpoint {
                part.moved_to(checkpoint);
            }
        } else {
            self.held.parts.remove(&partition);
        }
        self.under_way = None;
        Ok(())
    }

    /// How long until its leases want to be looked after.
    fn until_due(&self) -> Duration {
        let (now, every) = (self.group.now().as_micros(), self.group.lease / 3);
        let past = self.tended.map(|tended| now.saturating_sub(tended.as_micros()));
        // A clock that was set back says nothing of how long ago that was.
        let left = past.filter(|past| *past >= 0).map_or(0, |past| every.saturating_sub(past));
        Duration::from_micros(u64::try_from(left).unwrap_or(0))
    }

    fn is_behind(&self) -> bool {
        self.held.parts.values().any(|part| part.passed_over().is_some())
    }

    pub(super) fn give_back(&mut self) -> Result<(), ConsumerError> {
        self.left = true;
        self.held.parts.clear();
        let store = self.group.store()?;
        self.resign(&*store)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        if !self.left {
            // Nobody hears of it. What could not be given back runs out.
            let _ = self.give_back();
        }
    }
}
