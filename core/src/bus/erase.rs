//! Erasing payloads by an act that is on the log itself.
//!
//! Owns the one lifecycle that is the library's own. Never touches what stands beside a payload:
//! who did what and when stays.

use serde::{Deserialize, Serialize};

use super::{Alongside, Bus, CommitReason, LoadError};
use crate::aggregate::{Aggregate, RecordReason};
use crate::id::CommitId;
use crate::lifecycle::Refusal;
use crate::number::GlobalPosition;
use crate::store::Receipt;

/// The act of erasing payloads: what [`Bus::erase`] records.
///
/// Each act is a stream of its own in the category `vitae.erasure`. Policies and projections may
/// handle it, and [`Query::kinds`](crate::store::Query::kinds) finds every one.
#[derive(vitae_macros::Event, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[event(name = "vitae.payload_erased", version = 1, crate = crate)]
pub struct PayloadErased {
    /// The positions of the events whose payloads were erased, in ascending order.
    pub positions: Vec<u64>,
    /// Why, in the words of who did it.
    pub reason: String,
    /// Who did it, in the program's own terms.
    pub by: String,
}

/// One act of erasing. Names that begin with `vitae.` are the library's own.
#[derive(vitae_macros::Lifecycle, Debug)]
#[lifecycle(name = "vitae.erasure", crate = crate)]
enum Erasure {
    #[state(initial)]
    #[on(PayloadErased => Done)]
    Asked,
    #[state(terminal)]
    Done,
}

impl ErasureTransitions for Erasure {}

impl Bus {
    /// Erases the payloads of some events for good, and records that: [`PayloadErased`], in one
    /// commit with the erasure. The events keep their positions, versions, times, tags, metadata and
    /// checksums, and their readers get [`Erased`](crate::store::Erased). Positions that are given
    /// twice count once; what was erased before stays so.
    ///
    /// A life with an erased event cannot be loaded any more: decide on the streams of personal data
    /// with that in mind. (What an [effect](crate::Effect) has recorded may be erased: it goes on without
    /// the words.) The reason and the name stay on the log, so they must not say what was
    /// erased. This bus forgets the lives that it remembers; another bus on the log
    /// may know a state until it is dropped. View rows that were computed from the payload stay
    /// until [`rebuild`](Self::rebuild); backups and exports are copies, and must be made anew.
    ///
    /// # Errors
    /// [`EraseError`]; nothing was erased, unless the outcome is unknown. A retry is safe: it is at
    /// worst a second act that erases nothing more.
    pub fn erase(
        &self,
        positions: impl IntoIterator<Item = GlobalPosition>,
        reason: impl Into<String>,
        by: impl Into<String>,
    ) -> Result<Receipt, EraseError> {
        let mut positions: Vec<_> = positions.into_iter().collect();
        positions.sort_unstable();
        positions.dedup();
        let act = PayloadErased {
            positions: positions.iter().map(|position| position.get()).collect(),
            reason: reason.into(),
            by: by.into(),
        };
        let alongside = positions.into_iter().fold(Alongside::new(), Alongside::erasure);
        let asked: Aggregate<Erasure> = self.load(CommitId::generate().to_string())?;
        let done = asked.record(act).map_err(|error| error.into_parts().1)?;
        let committed = self.commit_alongside(done, alongside);
        let (_, receipt) = committed.map_err(|error| error.into_parts().1)?;
        Ok(receipt)
    }
}

/// Why payloads were not erased. Nothing was written, unless the outcome is not known
/// ([`AppendError::OutcomeUnknown`](crate::store::AppendError::OutcomeUnknown)).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EraseError {
    /// The act could not be begun.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The act could not be recorded.
    #[error(transparent)]
    Record(#[from] RecordReason<Refusal>),
    /// The commit was not acknowledged: among other reasons because a position is beyond the last
    /// event, or there are more of them than a commit may erase.
    #[error(transparent)]
    Commit(#[from] CommitReason),
}
