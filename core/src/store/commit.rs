//! What goes into a store in one piece, and the receipt that comes back.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use super::{
    CheckpointMove, Digest, ExpectedVersion, InvalidCommit, MAX_TAGS, Metadata, NameList, Payload,
    Query, RowChange, Snapshot,
};
use crate::id::{CommitId, CorrelationId, EventId};
use crate::name::{Name, StreamId};
use crate::number::{GlobalPosition, KindVersion};
use crate::time::Timestamp;

/// Everything that becomes durable together.
///
/// Events get their positions in the order in which they stand here, whatever their streams.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The identity of the commit; the same for every try.
    pub id: CommitId,
    /// The streams that are appended to or looked at, each once, with what is expected of them.
    pub streams: Vec<StreamAppend>,
    /// The events, in the order of their positions.
    pub events: Vec<NewEvent>,
    /// What else must hold for the commit to be taken.
    pub conditions: Vec<Condition>,
    /// The checkpoints that move, each once.
    pub checkpoints: Vec<CheckpointMove>,
    /// The view rows that change, each once.
    pub rows: Vec<RowChange>,
    /// The snapshots to keep, one for a stream. One with a lower version than the one that is kept
    /// changes nothing; neither does one of a stream of which a payload was erased.
    pub snapshots: Vec<Snapshot>,
    /// The events whose payloads are erased, each once: of each only the digest stays. The commit
    /// must hold an event that says so, and none of these may stand in the commit itself. What was
    /// erased before stays erased.
    pub erasures: Vec<GlobalPosition>,
    /// The schema of each kind and version among the events.
    pub schemas: Vec<RegisteredSchema>,
    /// What the log that it was exported from says of it. Only an import can set it.
    pub(crate) origin: Option<Origin>,
}

impl Commit {
    /// An empty commit with an id, to be filled. A store refuses it while it is empty.
    #[must_use]
    pub const fn new(id: CommitId) -> Self {
        Self {
            id,
            streams: Vec::new(),
            events: Vec::new(),
            conditions: Vec::new(),
            checkpoints: Vec::new(),
            rows: Vec::new(),
            snapshots: Vec::new(),
            erasures: Vec::new(),
            schemas: Vec::new(),
            origin: None,
        }
    }

    /// The digest of the content, by which a store tells a retry from another commit.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }

    /// When the store takes the commit, which is what it must write: the time now by its own clock,
    /// unless the commit is [imported](crate::transfer). Then it is the time of the log that it was
    /// exported from, for an import makes the same log again. Nobody but an import can say so:
    /// recorded-at stays the store's word.
    #[must_use]
    pub fn recorded_at(&self, now: Timestamp) -> Timestamp {
        self.origin.map_or(now, |origin| origin.recorded_at)
    }

    /// Checks what every store refuses before it looks at its log (R13): the limits, that nothing is
    /// listed twice, and that each event has its stream and its schema.
    ///
    /// # Errors
    /// The first thing that is wrong with the commit.
    pub fn check(&self, limits: &Limits) -> Result<(), InvalidCommit> {
        self.check_not_empty()?;
        if self.events.len() > limits.max_events {
            return Err(InvalidCommit::TooManyEvents {
                events: self.events.len(),
                limit: limits.max_events,
            });
        }
        self.check_streams()?;
        for event in &self.events {
            self.check_event(event, limits)?;
        }
        self.check_checkpoints(limits)?;
        self.check_rows(limits)?;
        self.check_snapshots(limits)?;
        self.check_erasures(limits)
    }

    /// For each of the streams, whether an event is appended to it. Of the others something is only
    /// expected.
    #[must_use]
    pub fn appended(&self) -> Vec<bool> {
        let mut appended = vec![false; self.streams.len()];
        for event in &self.events {
            if let Some(appended) = appended.get_mut(event.stream) {
                *appended = true;
            }
        }
        appended
    }

    fn check_checkpoints(&self, limits: &Limits) -> Result<(), InvalidCommit> {
        if let Some(name) = repeated(self.checkpoints.iter().map(|moved| &moved.name)) {
            return Err(InvalidCommit::RepeatedCheckpoint { name: name.clone() });
        }
        for moved in &self.checkpoints {
            check_size(
                || format!("the cursor of checkpoint `{}`", moved.name),
                moved.to.cursor.len(),
                limits.max_cursor_bytes,
            )?;
        }
        Ok(())
    }

    fn check_rows(&self, limits: &Limits) -> Result<(), InvalidCommit> {
        if let Some((view, _)) = repeated(self.rows.iter().map(|row| (&row.view, &row.key))) {
            return Err(InvalidCommit::RepeatedRow { view: view.clone() });
        }
        for row in &self.rows {
            check_size(
                || format!("a key of view `{}`", row.view),
                row.key.len(),
                limits.max_key_bytes,
            )?;
            let bytes = row.value.as_ref().map_or(0, Vec::len);
            check_size(
                || format!("a row of view `{}`", row.view),
                bytes,
                limits.max_payload_bytes,
            )?;
        }
        Ok(())
    }

    fn check_not_empty(&self) -> Result<(), InvalidCommit> {
        if !self.events.is_empty() {
            Ok(())
        } else if !self.erasures.is_empty() {
            Err(InvalidCommit::ErasureWithoutAct)
        } else if self.checkpoints.is_empty() && self.rows.is_empty() && self.snapshots.is_empty() {
            Err(InvalidCommit::Empty)
        } else {
            Ok(())
        }
    }

    fn check_erasures(&self, limits: &Limits) -> Result<(), InvalidCommit> {
        check_size(|| "the erasures".to_owned(), self.erasures.len(), limits.max_events)?;
        match repeated(self.erasures.iter()) {
            Some(position) => Err(InvalidCommit::RepeatedErasure { position: *position }),
            None => Ok(()),
        }
    }

    fn check_streams(&self) -> Result<(), InvalidCommit> {
        if let Some(event) = self.events.iter().find(|event| event.stream >= self.streams.len()) {
            return Err(InvalidCommit::NoSuchStream { index: event.stream });
        }
        match repeated(self.streams.iter().map(|stream| &stream.id)) {
            Some(stream) => Err(InvalidCommit::RepeatedStream { stream: stream.clone() }),
            None => Ok(()),
        }
    }

    fn check_event(&self, event: &NewEvent, limits: &Limits) -> Result<(), InvalidCommit> {
        let kind = &event.kind;
        check_size(
            || format!("a payload of `{kind}`"),
            event.payload.bytes().map_or(0, <[u8]>::len),
            limits.max_payload_bytes,
        )?;
        check_size(|| format!("the tags of `{kind}`"), event.tags.len(), MAX_TAGS)?;
        if self.schemas.iter().any(|schema| schema.is_of(event)) {
            Ok(())
        } else {
            Err(InvalidCommit::NoSchema { kind: event.kind.clone(), version: event.kind_version })
        }
    }
}

/// What an import brings along of a commit, so that it is the same commit in another store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) recorded_at: Timestamp,
    pub(crate) digest: Digest,
}

/// The first of several things that stands there for the second time.
pub(super) fn repeated<T: Copy + Eq + Hash>(
    mut things: impl ExactSizeIterator<Item = T>,
) -> Option<T> {
    // Most commits have one of each, and need no memory for it.
    if things.len() < 2 {
        return None;
    }
    let mut seen = HashSet::with_capacity(things.len());
    things.find(|thing| !seen.insert(*thing))
}

fn check_size(
    what: impl FnOnce() -> String,
    size: usize,
    limit: usize,
) -> Result<(), InvalidCommit> {
    if size > limit {
        return Err(InvalidCommit::TooLarge { what: what(), size, limit });
    }
    Ok(())
}

/// What a store accepts at the most. Every bound is inclusive.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one payload or one row's value: 1 MiB unless set.
    pub max_payload_bytes: usize,
    /// Events in one commit, and payloads that it erases: 65,536 of each unless set.
    pub max_events: usize,
    /// Bytes of a view row's key: 1,024 unless set.
    pub max_key_bytes: usize,
    /// Bytes of a checkpoint's cursor: 1,024 unless set.
    pub max_cursor_bytes: usize,
    /// Bytes of a snapshot's state and schema together: 4 MiB unless set.
    pub max_snapshot_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_payload_bytes: 1 << 20,
            max_events: 1 << 16,
            max_key_bytes: 1 << 10,
            max_cursor_bytes: 1 << 10,
            max_snapshot_bytes: 1 << 22,
        }
    }
}

/// A stream that a commit appends to, or of which it only expects something: what was looked at to
/// decide the commit must still be so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamAppend {
    /// The stream.
    pub id: StreamId,
    /// What must hold of it before the commit.
    pub expected: ExpectedVersion,
}

/// An event on its way into the log.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its stream, as the index into [`Commit::streams`].
    pub stream: usize,
    /// The kind's stored name.
    pub kind: Name,
    /// The version of the payload.
    pub kind_version: KindVersion,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// What it belongs to.
    pub correlation: CorrelationId,
    /// The event that caused it.
    pub causation: Option<EventId>,
    /// What it can be found by across streams.
    pub tags: NameList,
    /// What else is known of it.
    pub metadata: Metadata,
    /// The encoded payload.
    pub payload: Payload,
}

/// A condition on the log: no event that matches the query stands after the position.
///
/// This is the append condition of <https://dcb.events/specification/>.
#[derive(Clone, Debug)]
pub struct Condition {
    /// What must not have happened.
    pub query: Query,
    /// After which position (exclusive); `None` looks at the whole log.
    pub after: Option<GlobalPosition>,
}

/// The schema of one kind and version, as JSON text (see [`crate::schema`]).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisteredSchema {
    /// The kind's stored name.
    pub kind: Name,
    /// The version of its payload.
    pub version: KindVersion,
    /// The canonical JSON text of the schema.
    pub schema: Arc<str>,
}

impl RegisteredSchema {
    /// Whether it is the schema of an event's kind and version.
    #[must_use]
    pub fn is_of(&self, event: &NewEvent) -> bool {
        self.version == event.kind_version && self.kind == event.kind
    }
}
