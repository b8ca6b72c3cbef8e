//! The state of a stream at a version, kept so that the events before need not be read again.
//!
//! Owns what a snapshot is and what every store refuses of one. Never the truth: whoever uses one
//! makes sure of it first, and can always do without.

use std::sync::Arc;

use super::commit::repeated;
use super::{Checksum, Commit, Damage, InvalidCommit, Limits, ReadError};
use crate::id::EventId;
use crate::name::StreamId;
use crate::number::StreamVersion;

/// The state that the events of a stream lead to, up to one of them.
///
/// A store keeps at most one for each stream, and never looks into it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// The stream.
    pub stream: StreamId,
    /// The version of the last event that the state holds.
    pub version: StreamVersion,
    /// The identity of that event, by which a log that was swapped or restored is noticed.
    pub event: EventId,
    /// Which rules led to the state, in the counting of who took the snapshot.
    pub revision: u32,
    /// The canonical JSON text of the state's schema (see [`crate::schema`]).
    pub schema: Arc<str>,
    /// The encoded state.
    pub state: Vec<u8>,
}

impl Snapshot {
    /// The bytes that count towards [`Limits::max_snapshot_bytes`]: those of state and schema.
    #[must_use]
    pub fn size(&self) -> usize {
        self.state.len().saturating_add(self.schema.len())
    }

    /// The checksum of everything in it: kept beside it by a store.
    #[must_use]
    pub fn checksum(&self) -> Checksum {
        Checksum::of_snapshot(self)
    }

    /// The snapshot, if it is what was kept. For stores.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] if it does not fit its checksum.
    pub fn checked(self, checksum: Checksum) -> Result<Self, ReadError> {
        if self.checksum() == checksum {
            return Ok(self);
        }
        let reason = format!("the snapshot of `{}` does not fit its checksum", self.stream);
        Err(ReadError::Damaged(Damage::elsewhere(reason)))
    }
}

impl Commit {
    pub(super) fn check_snapshots(&self, limits: &Limits) -> Result<(), InvalidCommit> {
        if let Some(stream) = repeated(self.snapshots.iter().map(|snapshot| &snapshot.stream)) {
            return Err(InvalidCommit::RepeatedSnapshot { stream: stream.clone() });
        }
        for snapshot in &self.snapshots {
            if snapshot.size() > limits.max_snapshot_bytes {
                return Err(InvalidCommit::SnapshotTooLarge {
                    stream: snapshot.stream.clone(),
                    size: snapshot.size(),
                    limit: limits.max_snapshot_bytes,
                });
            }
        }
        Ok(())
    }
}
