//! Reading a life from its snapshot on.

use super::{PassedOverReason, Snapshots};
use crate::aggregate::Fold;
use crate::bus::Inner;
use crate::bus::as_of::Reached;
use crate::lifecycle::Lifecycle;
use crate::name::StreamId;
use crate::store::{ReadError, Snapshot};

/// A life as a snapshot has it, and the event that it was taken after.
pub(in crate::bus) struct Resumed<L: Lifecycle> {
    pub(in crate::bus) fold: Fold<L>,
    pub(in crate::bus) reached: Reached,
}

impl Inner {
    /// The life of a stream as its snapshot has it, if there is one that can be used and whose event
    /// is wanted.
    pub(in crate::bus) fn resume<L: Lifecycle>(
        &self,
        stream: &StreamId,
        wanted: impl FnOnce(&Reached) -> bool,
    ) -> Result<Option<Resumed<L>>, ReadError> {
        let Some(settings) = self.snapshots.of::<L>() else {
            return Ok(None);
        };
        let pass_over = |reason| {
            self.snapshots.pass_over(stream, reason);
            Ok(None)
        };
        let snapshot = match self.store.snapshot(stream) {
            Ok(Some(snapshot)) => snapshot,
            Ok(None) => return Ok(None),
            Err(ReadError::Damaged(damage)) => return pass_over(PassedOverReason::Damaged(damage)),
            Err(error) => return Err(error),
        };
        // An event that is damaged is one of the log: nothing can do without it.
        let reached = self.reached_at(stream, snapshot.version)?;
        let Some(reached) = reached.filter(|reached| reached.event == snapshot.event) else {
            return pass_over(PassedOverReason::OtherLog);
        };
        if !wanted(&reached) {
            return Ok(None);
        }
        match settings.state_of::<L>(&snapshot) {
            Ok(state) => {
                self.snapshots.used();
                let fold = Fold::from_state(stream.clone(), snapshot.version, state);
                Ok(Some(Resumed { fold, reached }))
            }
            Err(reason) => pass_over(reason),
        }
    }
}

impl Snapshots {
    fn state_of<L: Lifecycle>(&self, snapshot: &Snapshot) -> Result<L, PassedOverReason> {
        if snapshot.schema != self.schema {
            return Err(PassedOverReason::OtherSchema { found: snapshot.schema.clone() });
        }
        if snapshot.revision != self.revision {
            let (found, expected) = (snapshot.revision, self.revision);
            return Err(PassedOverReason::OtherRevision { found, expected });
        }
        self.codec::<L>()
            .and_then(|codec| (codec.decode)(&snapshot.state))
            .ok_or(PassedOverReason::Malformed)
    }
}
