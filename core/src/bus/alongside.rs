//! What else shares the fate of a commit.

use crate::id::CommitId;
use crate::number::GlobalPosition;
use crate::store::{CheckpointMove, Commit, Condition, Digest, RowChange};

/// Checkpoints, view rows, conditions and erasures that go into the commit of some aggregates, and its
/// id if it has one from outside.
///
/// A reader of something outside the log moves its checkpoint here, in the commit of the events
/// that it made of what it read: after a crash it goes on exactly there.
#[derive(Clone, Default, Debug)]
pub struct Alongside {
    pub(super) checkpoints: Vec<CheckpointMove>,
    pub(super) rows: Vec<RowChange>,
    pub(super) conditions: Vec<Condition>,
    pub(super) erasures: Vec<GlobalPosition>,
    pub(super) commit: Option<CommitId>,
}

impl Alongside {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the commit this id, and not that of its first aggregate: for a request that comes with an
    /// id of its own, so that the same request again is recognised.
    #[must_use]
    pub const fn commit_id(mut self, id: CommitId) -> Self {
        self.commit = Some(id);
        self
    }

    /// The digest of it, to tell a retry from another commit.
    pub(super) fn digest(&self) -> Digest {
        let mut commit = Commit::new(CommitId::from_bytes([0; 16]));
        commit.checkpoints.clone_from(&self.checkpoints);
        commit.rows.clone_from(&self.rows);
        commit.conditions.clone_from(&self.conditions);
        commit.erasures.clone_from(&self.erasures);
        commit.digest()
    }

    /// Moves a checkpoint.
    #[must_use]
    pub fn checkpoint(mut self, moved: CheckpointMove) -> Self {
        self.checkpoints.push(moved);
        self
    }

    /// Changes a row of a view that no projection of the bus owns.
    #[must_use]
    pub fn row(mut self, change: RowChange) -> Self {
        self.rows.push(change);
        self
    }

    /// Holds only if nothing of a query has happened since a position.
    #[must_use]
    pub fn condition(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// Erases the payload of an event, for good: the events of the commit are the act that says so,
    /// and there must be one. [`Bus::erase`](crate::Bus::erase) has an act of its own.
    #[must_use]
    pub fn erasure(mut self, position: GlobalPosition) -> Self {
        self.erasures.push(position);
        self
    }
}
