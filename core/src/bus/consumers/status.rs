//! Where a group stands.
//!
//! Owns the reading of it. Never changes anything.

use std::sync::Arc;

use super::group::checkpoint_name;
use super::roster::{MemberId, Roster};
use super::{ConsumerError, roster};
use crate::bus::{PartError, PartKind, PartState, PartStatus};
use crate::name::Name;
use crate::number::GlobalPosition;
use crate::store::{EventStore, ReadError};
use crate::time::Timestamp;

/// Where a partition of a group of consumers stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PartitionStatus {
    /// The partition, counted from 0.
    pub partition: u16,
    /// Who has it; `None` if nobody does, or a lease has run out.
    pub owner: Option<MemberId>,
    /// Until when, exclusive, unless the lease is renewed; `None` if nobody has it.
    pub until: Option<Timestamp>,
    /// The last event that it has come past for good, `None` before the first. While no events of the
    /// partition come, this stays behind for up to 1,024 positions.
    pub position: Option<GlobalPosition>,
    /// How many events the log has after that one. Not all of them need be the partition's.
    pub lag: u64,
}

/// Where every group of a log stands, in bytewise order of their names.
pub(in crate::bus) fn statuses(
    store: &dyn EventStore,
    now: Timestamp,
) -> Result<Vec<PartStatus>, ReadError> {
    let groups = roster::groups(store)?.into_iter();
    Ok(groups.map(|group| status(store, group, now)).collect())
}

fn status(store: &dyn EventStore, group: Name, now: Timestamp) -> PartStatus {
    // Nothing that the other groups and parts suffer for.
    let (partitions, error) = match of(store, &group, now) {
        Ok(partitions) => (partitions, None),
        Err(ConsumerError::Read(error)) => (Vec::new(), Some(PartError::Read(error))),
        Err(source) => (Vec::new(), Some(PartError::Group(source))),
    };
    PartStatus {
        kind: PartKind::Consumers,
        name: group,
        position: partitions.iter().map(|partition| partition.position).min().flatten(),
        lag: partitions.iter().map(|partition| partition.lag).max().unwrap_or_default(),
        shadow: None,
        parked: None,
        timers: None,
        partitions,
        state: match error {
            None => PartState::Well,
            Some(_) => PartState::Failing { failures: 1 },
        },
        last_error: error.map(Arc::new),
    }
}

/// Where each partition of a group stands, in their order; nothing if the group never started.
pub(super) fn of(
    store: &dyn EventStore,
    group: &Name,
    now: Timestamp,
) -> Result<Vec<PartitionStatus>, ConsumerError> {
    let partitions = roster::partitions(store, group)?.unwrap_or(0);
    let roster = Roster::read(store, group)?;
    let number = |position: Option<GlobalPosition>| position.map_or(0, GlobalPosition::get);
    let mut all = Vec::with_capacity(usize::from(partitions));
    for partition in 0..partitions {
        let checkpoint = store.checkpoint(&checkpoint_name(group, partition)?)?;
        let position = checkpoint.and_then(|checkpoint| checkpoint.position);
        let lag = number(store.head()?).saturating_sub(number(position));
        let lease = roster.leases.get(&partition).map(|row| row.value);
        let owner = lease.and_then(|lease| lease.owner_at(now));
        let until = owner.and(lease).map(|lease| lease.until);
        all.push(PartitionStatus { partition, owner, until, position, lag });
    }
    Ok(all)
}
