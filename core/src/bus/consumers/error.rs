//! What can go wrong with consumers.

use super::group::CHECKPOINTS;
use super::roster;
use crate::bus::CommitReason;
use crate::name::{InvalidName, Name, OF_LIBRARY};
use crate::number::GlobalPosition;
use crate::store::{AppendError, ReadError};

/// Why a group of consumers, or one of its members, could not do what it was asked to.
///
/// A member can go on after any of them: what was not done is given out again, by this member or
/// another.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumerError {
    /// The group's name cannot be part of its checkpoints' names.
    #[error("the name of a group of consumers is not valid")]
    InvalidName(#[from] InvalidName),
    /// The group is named as only what belongs to the library is.
    #[error(
        "the group `{group}` cannot be: names that begin with `{OF_LIBRARY}` are the library's own; rename it"
    )]
    Reserved {
        /// The group.
        group: Name,
    },
    /// No group can have so many partitions, or none.
    #[error("a group has 1 to {most} partitions, not {asked}", most = super::MAX_PARTITIONS)]
    Partitions {
        /// How many were asked for.
        asked: u16,
    },
    /// The group was started with another number of partitions. Entities would change their partitions,
    /// so it stays what it is.
    #[error(
        "the group `{group}` was started with {started} partitions, not {asked}; ask for {started}, \
         or start a group with another name"
    )]
    OtherPartitions {
        /// The group.
        group: Name,
        /// How many it has.
        started: u16,
        /// How many were asked for.
        asked: u16,
    },
    /// The place at which the group was to start is not on this log.
    #[error("there is no event at position {position} to start after; start at one that there is")]
    NoSuchStart {
        /// The position.
        position: GlobalPosition,
    },
    /// The batch took longer than the lease, and another member has the partition now. Nothing was
    /// written; the other one has the same events.
    #[error(
        "another member has partition {partition} of `{group}` now; nothing was written, go on with \
         the next batch, and make leases longer or batches smaller if this comes often"
    )]
    LeaseLost {
        /// The group.
        group: Name,
        /// The partition.
        partition: u16,
    },
    /// The store could not be read. [`ReadError::Diverged`]: a partition's checkpoint was taken on
    /// another log; restore that log, or start a group with another name.
    /// [`ReadError::Closed`]: open the store again, and join again.
    #[error("the store could not be read")]
    Read(#[from] ReadError),
    /// The store did not acknowledge a lease, or what was done.
    #[error("the store did not take what a member of the group did")]
    Append(#[source] AppendError),
    /// A row of the view `vitae.leases` is not what this version writes.
    #[error(
        "a row of the view `vitae.leases` is not what this version writes; update this program"
    )]
    Row,
}

impl CommitReason {
    /// Whether it is that a member of a group of consumers has lost its lease: what it committed
    /// [alongside](super::Batch::alongside) a batch is not written, and another member has the batch.
    #[must_use]
    pub fn is_lease_lost(&self) -> bool {
        matches!(self, Self::Append(error) if is_lost(error))
    }
}

/// Whether a commit was refused because a lease, or the checkpoint that it guards, is not what it was.
pub(super) fn is_lost(error: &AppendError) -> bool {
    match error {
        AppendError::StaleRow { view, .. } => *view == roster::VIEW,
        AppendError::CheckpointConflict { name, .. } => name.as_str().starts_with(CHECKPOINTS),
        _ => false,
    }
}
