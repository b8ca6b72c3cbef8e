//! What the store holds.
//!
//! Owns the shape of the log in memory and how an event of it becomes bytes to hash. Never decides
//! what is let in.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::id::{CommitId, EventId};
use crate::name::{Name, StreamId};
use crate::number::{GlobalPosition, KindVersion, RowVersion, StreamVersion};
use crate::store::{Checkpoint, Checksum, EventHeader, NewEvent, Receipt, Snapshot};
use crate::time::Timestamp;

#[derive(Default)]
pub(super) struct State {
    /// The event at position p stands at index p - 1.
    pub(super) events: Vec<Stored>,
    pub(super) streams: Vec<Stream>,
    pub(super) stream_numbers: BTreeMap<StreamId, usize>,
    pub(super) schemas: BTreeMap<(Name, KindVersion), Arc<str>>,
    pub(super) checkpoints: BTreeMap<Name, Checkpoint>,
    pub(super) views: BTreeMap<Name, BTreeMap<Vec<u8>, Row>>,
    pub(super) snapshots: BTreeMap<StreamId, (Snapshot, Checksum)>,
    /// The streams of which a payload was erased: no snapshot of them is kept.
    pub(super) erased_streams: BTreeSet<StreamId>,
    pub(super) receipts: HashMap<CommitId, Receipt>,
    /// The number of the last commit. It versions the rows: a commit changes a row once, and no
    /// number comes twice, not even after a deletion.
    pub(super) last_commit: u64,
}

/// One event. Its `stream` is the index into [`State::streams`].
pub(super) struct Stored {
    pub(super) position: GlobalPosition,
    pub(super) version: StreamVersion,
    pub(super) id: EventId,
    pub(super) recorded_at: Timestamp,
    pub(super) checksum: Checksum,
    pub(super) event: NewEvent,
}

pub(super) struct Stream {
    pub(super) id: StreamId,
    /// The event of version v stands at the index in `events` that stands here at v - 1.
    pub(super) events: Vec<usize>,
}

pub(super) struct Row {
    pub(super) version: RowVersion,
    pub(super) value: Vec<u8>,
}

impl State {
    pub(super) fn head(&self) -> Option<GlobalPosition> {
        self.events.last().map(|event| event.position)
    }

    /// The events behind a position.
    pub(super) fn after(&self, position: Option<GlobalPosition>) -> &[Stored] {
        let before = position.map_or(0, GlobalPosition::get);
        let before = usize::try_from(before).unwrap_or(usize::MAX);
        self.events.get(before..).unwrap_or_default()
    }

    pub(super) fn stream(&self, id: &StreamId) -> Option<&Stream> {
        self.streams.get(*self.stream_numbers.get(id)?)
    }

    pub(super) fn row_version(&self, view: &Name, key: &[u8]) -> Option<RowVersion> {
        Some(self.views.get(view)?.get(key)?.version)
    }
}

impl Stream {
    pub(super) fn version(&self) -> Option<StreamVersion> {
        StreamVersion::new(u64::try_from(self.events.len()).ok()?)
    }
}

impl Stored {
    pub(super) fn header<'a>(&'a self, stream: &'a StreamId) -> EventHeader<'a> {
        EventHeader {
            position: self.position.get(),
            category: stream.category().as_str(),
            stream: stream.id().as_str(),
            version: self.version.get(),
            kind: self.event.kind.as_str(),
            kind_version: self.event.kind_version.get(),
            id: self.id,
            occurred_at: self.event.occurred_at.as_micros(),
            recorded_at: self.recorded_at.as_micros(),
            correlation: self.event.correlation.as_bytes(),
            causation: self.event.causation,
            tags: self.event.tags.as_bytes(),
            metadata: self.event.metadata.as_bytes(),
        }
    }
}
