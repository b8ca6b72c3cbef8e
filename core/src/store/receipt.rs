//! What a store says of a commit that it has.

use super::Digest;
use crate::id::CommitId;
use crate::number::GlobalPosition;
use crate::time::Timestamp;

/// What a store says of a commit that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The commit.
    pub commit: CommitId,
    /// The positions of its first and last event; `None` if it held none.
    pub positions: Option<(GlobalPosition, GlobalPosition)>,
    /// When the store took it.
    pub recorded_at: Timestamp,
    /// What it held.
    pub digest: Digest,
    /// Whether an earlier try had committed it already, and this is the receipt of that.
    pub already_appended: bool,
}

impl Receipt {
    /// A receipt for a commit that was taken now.
    #[must_use]
    pub const fn new(
        commit: CommitId,
        positions: Option<(GlobalPosition, GlobalPosition)>,
        recorded_at: Timestamp,
        digest: Digest,
    ) -> Self {
        Self { commit, positions, recorded_at, digest, already_appended: false }
    }

    /// The same receipt, for a commit that had been taken before.
    #[must_use]
    pub const fn repeated(mut self) -> Self {
        self.already_appended = true;
        self
    }
}
