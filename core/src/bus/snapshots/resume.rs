//! Reading a life, from its snapshot on if nothing speaks against that.

use super::{PassedOverReason, Snapshots};
use crate::aggregate::{Fold, FoldReason};
use crate::bus::as_of::Reached;
use crate::bus::{Inner, LoadError};
use crate::lifecycle::Lifecycle;
use crate::name::StreamId;
use crate::store::{ReadError, Snapshot};

impl Inner {
    /// Reads a life up to the first event that is not wanted; who wants an event must want those before
    /// it. Says which event was the last.
    pub(in crate::bus) fn read_life<L: Lifecycle>(
        &self,
        stream: &StreamId,
        wanted: impl Fn(&Reached) -> bool,
    ) -> Result<(Fold<L>, Option<Reached>), LoadError> {
        if let Some((mut fold, before)) = self.resume(stream, &wanted)? {
            match self.catch_up(&mut fold, &wanted) {
                Err(LoadError::Fold(error)) if matches!(error.reason, FoldReason::Illegal(_)) => {
                    self.snapshots.pass_over(stream, PassedOverReason::Unfit);
                }
                result => {
                    self.snapshots.used();
                    return Ok((fold, Some(result?.unwrap_or(before))));
                }
            }
        }
        self.read_every_event(stream, wanted)
    }

    /// Reads a life from its first event up to the first that is not wanted. Says which was the last.
    pub(in crate::bus) fn read_every_event<L: Lifecycle>(
        &self,
        stream: &StreamId,
        wanted: impl Fn(&Reached) -> bool,
    ) -> Result<(Fold<L>, Option<Reached>), LoadError> {
        let mut fold = Fold::new(stream.clone());
        let reached = self.catch_up(&mut fold, wanted)?;
        Ok((fold, reached))
    }

    /// The life of a stream as its snapshot has it, if there is one that can be used, and the event
    /// that it was taken after, if that is wanted.
    fn resume<L: Lifecycle>(
        &self,
        stream: &StreamId,
        wanted: impl Fn(&Reached) -> bool,
    ) -> Result<Option<(Fold<L>, Reached)>, ReadError> {
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
                let fold = Fold::from_state(stream.clone(), snapshot.version, state);
                Ok(Some((fold, reached)))
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
