//! What a member is given to do.
//!
//! Owns the commit by which a batch is done. Never does it for a member that lost its lease: the row of
//! the lease goes along, at the version at which the member has it.

use std::fmt;

use super::error::is_lost;
use super::{ConsumerError, Group};
use crate::bus::Alongside;
use crate::id::CommitId;
use crate::store::{Commit, EventRef, Page};

/// The next events of one partition, in the order of the log. Never empty.
///
/// It is given out again, by this member or by the next one that has the partition, until it is
/// [`done`](Self::done) or something was committed [`alongside`](Self::alongside) it. So what is made
/// of it on the log is made once; what is made of it outside may be made again.
///
/// A batch may take two thirds of the [lease](super::Consumers::lease). One that took longer is done
/// too if no other member wanted the partition meanwhile; if one did, it has the same events, and what
/// is committed here is refused with nothing written.
#[must_use = "a batch that is not done comes again"]
pub struct Batch<'a> {
    pub(super) group: &'a Group,
    pub(super) partition: u16,
    pub(super) token: u64,
    pub(super) events: &'a Page,
    pub(super) alongside: Alongside,
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("partition", &self.partition)
            .field("token", &self.token)
            .field("events", &self.events.len())
            .finish_non_exhaustive()
    }
}

impl Batch<'_> {
    /// The events.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = EventRef<'_>> + ExactSizeIterator {
        self.events.iter()
    }

    /// The partition, counted from 0.
    #[must_use]
    pub const fn partition(&self) -> u16 {
        self.partition
    }

    /// How often the partition has been taken by a member. Something outside the log that takes no
    /// smaller number after a larger one is safe from members that lost their lease without noticing.
    #[must_use]
    pub const fn token(&self) -> u64 {
        self.token
    }

    /// Says that all of its events were dealt with: moves the partition's checkpoint past them.
    ///
    /// # Errors
    /// [`ConsumerError::LeaseLost`] if another member has the partition by now, or the batch was done
    /// already by a commit [alongside](Self::alongside); else [`ConsumerError::Append`] or
    /// [`ConsumerError::Read`]. The next batch begins where the log says.
    pub fn done(self) -> Result<(), ConsumerError> {
        let mut commit = Commit::new(CommitId::generate());
        commit.checkpoints.clone_from(&self.alongside.checkpoints);
        commit.rows.clone_from(&self.alongside.rows);
        match self.group.store()?.commit(commit) {
            Ok(_) => Ok(()),
            Err(error) if is_lost(&error) => Err(ConsumerError::LeaseLost {
                group: self.group.name.clone(),
                partition: self.partition,
            }),
            Err(error) => Err(ConsumerError::Append(error)),
        }
    }

    /// What makes it done in the commit of the events that were recorded for it: all of it or nothing.
    /// For [`Bus::commit_alongside`](crate::Bus::commit_alongside); drop the batch after that, and do
    /// not say [`done`](Self::done) too. To try a commit again whose outcome is unknown, keep a copy.
    ///
    /// A member that lost its lease is refused, with a reason that
    /// [says so](crate::CommitReason::is_lease_lost).
    #[must_use]
    pub fn alongside(&self) -> Alongside {
        self.alongside.clone()
    }
}
