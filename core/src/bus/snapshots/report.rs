//! What a bus tells of its snapshots.

use std::sync::{Arc, MutexGuard, PoisonError};

use super::Registry;
use crate::bus::Bus;
use crate::name::StreamId;
use crate::store::Damage;

/// What a bus has done with snapshots since it was opened.
#[derive(Clone, Default, Debug)]
#[non_exhaustive]
pub struct SnapshotUse {
    /// How often a life was read from a snapshot on.
    pub used: u64,
    /// How often one was there and all events were read nevertheless.
    pub passed_over: u64,
    /// The last of these.
    pub last_passed_over: Option<PassedOver>,
    /// How often one was due and was left out of its commit: the state does not encode, or is larger
    /// than the store takes.
    pub left_out: u64,
}

/// A snapshot that was not used, so that every event was read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the snapshot of `{stream}` was passed over, and every event read")]
pub struct PassedOver {
    /// The stream.
    pub stream: StreamId,
    /// What spoke against it.
    #[source]
    pub reason: PassedOverReason,
}

/// Why a snapshot was not used.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PassedOverReason {
    /// It is not what was written.
    #[error("the snapshot is damaged")]
    Damaged(#[source] Damage),
    /// The event that it was taken after is not there, or is another one.
    #[error("it was taken on another log, or this one has lost its end")]
    OtherLog,
    /// The shape of the state has changed.
    #[error("its state has another schema ({found})")]
    OtherSchema {
        /// The schema of the snapshot.
        found: Arc<str>,
    },
    /// The rules that lead to the state have changed.
    #[error("it is of revision {found}, not of {expected}")]
    OtherRevision {
        /// The revision of the snapshot.
        found: u32,
        /// The one that is set up.
        expected: u32,
    },
    /// The bytes are not a state of the lifecycle, or more than one.
    #[error("its state does not decode")]
    Malformed,
    /// An event behind it cannot happen in its state: the rules have changed, and the revision has not.
    #[error("its state cannot take the events behind it; raise the revision of the snapshots")]
    Unfit,
}

impl Bus {
    /// What this bus and its clones have done with snapshots since it was opened: for whoever wants
    /// to know why loading takes long.
    #[must_use]
    pub fn snapshots(&self) -> SnapshotUse {
        self.inner.snapshots.seen().clone()
    }
}

impl Registry {
    pub(super) fn used(&self) {
        self.seen().used += 1;
    }

    pub(super) fn pass_over(&self, stream: &StreamId, reason: PassedOverReason) {
        let passed_over = PassedOver { stream: stream.clone(), reason };
        tracing::warn!(
            %stream,
            reason = %passed_over.reason,
            "a snapshot was passed over, and every event read"
        );
        let mut seen = self.seen();
        seen.passed_over += 1;
        seen.last_passed_over = Some(passed_over);
    }

    pub(super) fn leave_out(&self, stream: &StreamId, reason: &str) {
        tracing::warn!(%stream, reason, "a snapshot that was due was left out of its commit");
        self.seen().left_out += 1;
    }

    fn seen(&self) -> MutexGuard<'_, SnapshotUse> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
