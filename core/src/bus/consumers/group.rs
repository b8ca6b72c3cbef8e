//! What the members of a group have in common.
//!
//! Owns how a group begins, and what its checkpoints are called. Never knows a member.

use std::sync::{Arc, Weak};

use super::{ConsumerError, roster};
use crate::bus::Start;
use crate::id::CommitId;
use crate::name::Name;
use crate::number::GlobalPosition;
use crate::store::{AppendError, Checkpoint, CheckpointMove, Commit, EventStore, Query, ReadError};
use crate::time::{Clock, Timestamp};

/// What the names of the checkpoints begin with.
pub(super) const CHECKPOINTS: &str = "consumer/";

/// What all members of a group know.
pub(super) struct Group {
    pub(super) store: Weak<dyn EventStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) name: Name,
    pub(super) query: Query,
    pub(super) partitions: u16,
    /// In microseconds.
    pub(super) lease: i64,
    pub(super) batch: usize,
}

impl Group {
    pub(super) fn store(&self) -> Result<Arc<dyn EventStore>, ConsumerError> {
        self.store.upgrade().ok_or(ConsumerError::Read(ReadError::Closed))
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// When a lease runs out that is taken at a time.
    pub(super) const fn until(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_micros(now.as_micros().saturating_add(self.lease))
    }

    pub(super) fn checkpoint(&self, partition: u16) -> Result<Name, ConsumerError> {
        checkpoint_name(&self.name, partition)
    }

    /// Makes sure that the group has begun, with this number of partitions.
    pub(super) fn begin(&self, store: &dyn EventStore, start: Start) -> Result<(), ConsumerError> {
        if self.has_begun(store)? {
            return Ok(());
        }
        let position = match start {
            Start::Beginning => None,
            Start::Now => store.head()?,
            Start::After(position) => Some(position),
        };
        let place = position.map(|position| checkpoint_at(store, position)).transpose()?;
        let mut commit = Commit::new(CommitId::generate());
        commit.rows.push(roster::put_group(&self.name, self.partitions));
        for partition in 0..self.partitions {
            let name = self.checkpoint(partition)?;
            let moved = place.clone().map(|to| CheckpointMove { name, from: None, to });
            commit.checkpoints.extend(moved);
        }
        match store.commit(commit) {
            Ok(_) => Ok(()),
            // Somebody else was first.
            Err(AppendError::StaleRow { .. }) if self.has_begun(store)? => Ok(()),
            Err(AppendError::CheckpointConflict { .. }) if self.has_begun(store)? => Ok(()),
            Err(error) => Err(ConsumerError::Append(error)),
        }
    }

    fn has_begun(&self, store: &dyn EventStore) -> Result<bool, ConsumerError> {
        let started = roster::partitions(store, &self.name)?;
        match started.filter(|started| *started != self.partitions) {
            Some(started) => Err(ConsumerError::OtherPartitions {
                group: self.name.clone(),
                started,
                asked: self.partitions,
            }),
            None => Ok(started.is_some()),
        }
    }
}

pub(super) fn checkpoint_name(group: &Name, partition: u16) -> Result<Name, ConsumerError> {
    Ok(Name::new(format!("{CHECKPOINTS}{group}/{partition}"))?)
}

/// The checkpoint of who has dealt with everything up to a position.
pub(super) fn checkpoint_at(
    store: &dyn EventStore,
    position: GlobalPosition,
) -> Result<Checkpoint, ConsumerError> {
    Checkpoint::up_to(position, store)?.ok_or(ConsumerError::NoSuchStart { position })
}
