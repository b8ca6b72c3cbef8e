//! Taking snapshots: when one is due, and when one is asked for.

use std::sync::atomic::Ordering;

use super::{Registry, Snapshots};
use crate::aggregate::Aggregate;
use crate::bus::{Bus, LoadError};
use crate::id::{CommitId, EventId};
use crate::lifecycle::Lifecycle;
use crate::name::StreamId;
use crate::number::StreamVersion;
use crate::store::{AppendError, Commit, Snapshot};

impl Bus {
    /// Takes a snapshot of a life as it stands in the log now, in a commit of its own, and says at
    /// which version. Blocks until the store has answered. If somebody else has taken a newer one
    /// meanwhile, that stays.
    ///
    /// # Errors
    /// [`SnapshotError`]; [`LoadError::NotFound`] in it if the life has no events. A retry is safe.
    pub fn take_snapshot<L: Lifecycle>(
        &self,
        id: impl AsRef<str>,
    ) -> Result<StreamVersion, SnapshotError> {
        let inner = &self.inner;
        let Some(settings) = inner.snapshots.of::<L>() else {
            return Err(SnapshotError::NotSetUp { lifecycle: L::DEFINITION.name });
        };
        let life = self.load::<L>(id)?;
        let stream = life.stream();
        let reached = match life.version() {
            Some(version) => inner.reached_at(stream, version).map_err(LoadError::from)?,
            None => None,
        };
        let reached = reached.ok_or_else(|| LoadError::NotFound { stream: stream.clone() })?;
        let snapshot = settings.take(stream, reached.version, reached.event, life.state())?;
        let mut commit = Commit::new(CommitId::generate());
        commit.snapshots.push(snapshot);
        inner.store.append(commit).wait().map_err(SnapshotError::Append)?;
        Ok(reached.version)
    }
}

impl Registry {
    pub(in crate::bus) fn is_empty(&self) -> bool {
        self.by_lifecycle.is_empty()
    }

    /// The snapshot that is due if a commit is taken that ends a life's part in it with an event. One
    /// that cannot be taken is no reason to refuse the commit.
    pub(in crate::bus) fn due<L: Lifecycle>(
        &self,
        life: &Aggregate<L>,
        last: EventId,
    ) -> Option<Snapshot> {
        let settings = self.of::<L>()?;
        let every = settings.every?;
        let version = life.draft.version_after()?;
        let before = life.draft.base.map_or(0, StreamVersion::get);
        if before / every == version.get() / every {
            return None;
        }
        let stream = &life.draft.stream;
        match settings.take(stream, version, last, &life.state) {
            Ok(snapshot) if snapshot.size() <= self.max_bytes.load(Ordering::Relaxed) => {
                return Some(snapshot);
            }
            Ok(_) => self.leave_out(stream, "it is larger than the store takes"),
            Err(error) => self.leave_out(stream, &error.to_string()),
        }
        None
    }

    /// Remembers what the store has said of the size of snapshots.
    pub(in crate::bus) fn bound(&self, max_bytes: usize) {
        self.max_bytes.fetch_min(max_bytes, Ordering::Relaxed);
    }
}

impl Snapshots {
    fn take<L: Lifecycle>(
        &self,
        stream: &StreamId,
        version: StreamVersion,
        event: EventId,
        state: &L,
    ) -> Result<Snapshot, SnapshotError> {
        let codec = self.codec::<L>();
        let codec = codec.ok_or(SnapshotError::NotSetUp { lifecycle: L::DEFINITION.name })?;
        Ok(Snapshot {
            stream: stream.clone(),
            version,
            event,
            revision: self.revision,
            schema: self.schema.clone(),
            state: (codec.encode)(state).map_err(SnapshotError::Encode)?,
        })
    }
}

/// Why a snapshot was not taken.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The bus has no snapshots of the lifecycle.
    #[error(
        "the bus has no snapshots of `{lifecycle}`; add `Snapshots::of` the lifecycle to its builder"
    )]
    NotSetUp {
        /// The lifecycle's name.
        lifecycle: &'static str,
    },
    /// The life could not be loaded, or has not begun.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// serde refuses the state.
    #[error("the state does not encode")]
    Encode(#[source] postcard::Error),
    /// The store did not acknowledge the snapshot.
    #[error("the snapshot was not acknowledged")]
    Append(#[source] AppendError),
}
