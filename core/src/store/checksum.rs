//! The checksums of an event and of a snapshot, and the digest of a commit.
//!
//! Owns the byte strings that are hashed: part of the format, the same on every backend. Never
//! changes for a released format.

use xxhash_rust::xxh3::xxh3_64;

use super::fields::Texts;
use super::sink::Sink;
use super::{
    CheckpointMove, Commit, Condition, ExpectedVersion, NewEvent, Query, RowChange, Snapshot,
};
use crate::id::EventId;
use crate::number::{GlobalPosition, RowVersion};

/// XXH3-64 over the header of an event and the digest of its payload, or over a snapshot.
///
/// Since it covers a payload only through its digest, a payload can be erased later while the
/// checksum goes on to hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Checksum(pub u64);

impl Checksum {
    pub(super) fn of_snapshot(snapshot: &Snapshot) -> Self {
        let mut sink = Sink::new();
        sink.snapshot(snapshot);
        Self(sink.hash())
    }
}

/// XXH3-64 of a payload's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PayloadDigest(pub u64);

impl PayloadDigest {
    /// The digest of a payload.
    #[must_use]
    pub fn of(payload: &[u8]) -> Self {
        Self(xxh3_64(payload))
    }
}

/// Everything about a stored event that its checksum covers, the payload through its digest.
#[derive(Clone, Copy, Debug)]
pub struct EventHeader<'a> {
    /// The place in the log.
    pub position: u64,
    /// The stream's category.
    pub category: &'a str,
    /// The stream's id within the category.
    pub stream: &'a str,
    /// The place in the stream.
    pub version: u64,
    /// The kind's stored name.
    pub kind: &'a str,
    /// The version of the kind's payload.
    pub kind_version: u32,
    /// The event's identity.
    pub id: EventId,
    /// When it happened: microseconds since the Unix epoch.
    pub occurred_at: i64,
    /// When the store took it: microseconds since the Unix epoch.
    pub recorded_at: i64,
    /// The 16 bytes of the correlation id.
    pub correlation: &'a [u8; 16],
    /// The event that caused this one.
    pub causation: Option<EventId>,
    /// The encoded tags.
    pub tags: &'a [u8],
    /// The encoded metadata.
    pub metadata: &'a [u8],
}

impl EventHeader<'_> {
    /// The checksum of an event with this header and a payload of that digest.
    ///
    /// Hashed are, as little-endian 64-bit numbers: position, version, both times, the kind's version above
    /// the place in the commit, 1 above the cause's place (0 without a cause), the lengths of the five
    /// texts, and the payload's digest; then the three ids (zeros without a cause); then the texts.
    #[must_use]
    pub fn checksum(&self, payload: PayloadDigest) -> Checksum {
        // Everything of a fixed size goes first and in one piece.
        let numbers = [
            self.position,
            self.version,
            self.occurred_at.cast_unsigned(),
            self.recorded_at.cast_unsigned(),
            u64::from(self.kind_version) << 32 | u64::from(self.id.index),
            self.causation.map_or(0, |cause| 1 << 32 | u64::from(cause.index)),
            length(self.category.len()),
            length(self.stream.len()),
            length(self.kind.len()),
            length(self.tags.len()),
            length(self.metadata.len()),
            payload.0,
        ];
        let mut sink = Sink::new();
        sink.put(numbers.map(u64::to_le_bytes).as_flattened());
        let cause = self.causation.map_or([0; 16], |cause| *cause.commit.as_bytes());
        sink.put([*self.id.commit.as_bytes(), *self.correlation, cause].as_flattened());
        sink.put(self.category.as_bytes());
        sink.put(self.stream.as_bytes());
        sink.put(self.kind.as_bytes());
        sink.put(self.tags);
        sink.put(self.metadata);
        Checksum(sink.hash())
    }

    /// Whether an event with this header matches a query.
    #[must_use]
    pub fn matches(&self, query: &Query) -> bool {
        query.matches(self.category, self.kind, Texts(self.tags))
    }
}

/// XXH3-64 over the content of a commit, for telling a retry from another commit with its id.
///
/// Payloads are covered through their digests, so it stays what it was when one of them is erased.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Digest(pub u64);

impl Digest {
    /// The digest of everything a commit holds, its schemas apart: they follow from the kinds. One that
    /// is [imported](crate::transfer) has the digest that it had, so that it is still the same commit.
    #[must_use]
    pub fn of(commit: &Commit) -> Self {
        if let Some(origin) = commit.origin {
            return origin.digest;
        }
        let mut sink = Sink::new();
        sink.number(length(commit.streams.len()));
        sink.number(length(commit.events.len()));
        sink.number(length(commit.conditions.len()));
        sink.number(length(commit.checkpoints.len()));
        sink.number(length(commit.rows.len()));
        sink.number(length(commit.snapshots.len()));
        sink.number(length(commit.erasures.len()));
        for stream in &commit.streams {
            sink.text(stream.id.category().as_str().as_bytes());
            sink.text(stream.id.id().as_str().as_bytes());
            sink.expected(stream.expected);
        }
        commit.events.iter().for_each(|event| sink.event(event));
        commit.conditions.iter().for_each(|condition| sink.condition(condition));
        commit.checkpoints.iter().for_each(|moved| sink.checkpoint_move(moved));
        commit.rows.iter().for_each(|row| sink.row(row));
        commit.snapshots.iter().for_each(|snapshot| sink.snapshot(snapshot));
        commit.erasures.iter().for_each(|position| sink.number(position.get()));
        Self(sink.hash())
    }
}

/// How each part of a commit is hashed.
impl Sink {
    fn number(&mut self, number: u64) {
        self.put(&number.to_le_bytes());
    }

    fn text(&mut self, bytes: &[u8]) {
        self.number(length(bytes.len()));
        self.put(bytes);
    }

    fn event_id(&mut self, id: Option<EventId>) {
        match id {
            None => self.put(&[0]),
            Some(id) => {
                self.put(&[1]);
                self.put(id.commit.as_bytes());
                self.put(&id.index.to_le_bytes());
            }
        }
    }

    fn expected(&mut self, expected: ExpectedVersion) {
        let (tag, version) = match expected {
            ExpectedVersion::Any => (0, 0),
            ExpectedVersion::NoStream => (1, 0),
            ExpectedVersion::StreamExists => (2, 0),
            ExpectedVersion::Exact(version) => (3, version.get()),
        };
        self.number(tag);
        self.number(version);
    }

    fn event(&mut self, event: &NewEvent) {
        self.number(length(event.stream));
        self.text(event.kind.as_str().as_bytes());
        self.number(u64::from(event.kind_version.get()));
        self.put(&event.occurred_at.as_micros().to_le_bytes());
        self.put(event.correlation.as_bytes());
        self.event_id(event.causation);
        self.text(event.tags.as_bytes());
        self.text(event.metadata.as_bytes());
        self.number(event.payload.digest().0);
    }

    fn condition(&mut self, condition: &Condition) {
        self.number(condition.after.map_or(0, GlobalPosition::get));
        self.number(length(condition.query.items.len()));
        for item in &condition.query.items {
            for names in [&item.kinds, &item.categories, &item.tags] {
                self.number(length(names.len()));
                for name in names {
                    self.text(name.as_str().as_bytes());
                }
            }
        }
    }

    fn checkpoint_move(&mut self, moved: &CheckpointMove) {
        self.text(moved.name.as_str().as_bytes());
        for checkpoint in [moved.from.as_ref(), Some(&moved.to)] {
            self.number(u64::from(checkpoint.is_some()));
            if let Some(checkpoint) = checkpoint {
                self.number(checkpoint.position.map_or(0, GlobalPosition::get));
                self.number(checkpoint.checksum.map_or(0, |checksum| checksum.0));
                self.text(&checkpoint.cursor);
            }
        }
    }

    fn row(&mut self, row: &RowChange) {
        self.text(row.view.as_str().as_bytes());
        self.text(&row.key);
        self.number(row.expected.map_or(0, RowVersion::get));
        self.number(u64::from(row.value.is_some()));
        self.text(row.value.as_deref().unwrap_or_default());
    }

    fn snapshot(&mut self, snapshot: &Snapshot) {
        self.text(snapshot.stream.category().as_str().as_bytes());
        self.text(snapshot.stream.id().as_str().as_bytes());
        self.number(snapshot.version.get());
        self.event_id(Some(snapshot.event));
        self.number(u64::from(snapshot.revision));
        self.text(snapshot.schema.as_bytes());
        self.text(&snapshot.state);
    }
}

/// A length as it is hashed. No machine has one that does not fit.
fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::CommitId;
    use crate::name::{Name, StreamId};
    use crate::number::{KindVersion, StreamVersion};
    use crate::store::{Checkpoint, Metadata, NameList, Payload, StreamAppend};
    use crate::time::Timestamp;

    /// The format's own vector: if this changes, files written before can no longer be read.
    #[test]
    fn the_checksum_of_a_known_event_never_changes() {
        let commit = CommitId::from_bytes([7; 16]);
        let header = EventHeader {
            position: 3,
            category: "workflow",
            stream: "fix-42",
            version: 2,
            kind: "workflow.start",
            kind_version: 1,
            id: EventId { commit, index: 1 },
            occurred_at: 1_760_000_000_000_000,
            recorded_at: 1_760_000_000_000_001,
            correlation: commit.as_bytes(),
            causation: Some(EventId { commit, index: 0 }),
            tags: b"",
            metadata: b"",
        };
        let sum = header.checksum(PayloadDigest::of(b"payload"));
        assert_eq!(format!("{:016x}", sum.0), "6ef052e5021549a5");
        let moved = EventHeader { position: 4, ..header };
        assert_ne!(moved.checksum(PayloadDigest::of(b"payload")), sum);
        assert_ne!(header.checksum(PayloadDigest::of(b"payloae")), sum);
    }

    fn snapshot() -> Snapshot {
        Snapshot {
            stream: StreamId::new("workflow", "fix-42").unwrap(),
            version: StreamVersion::FIRST,
            event: EventId { commit: CommitId::from_bytes([7; 16]), index: 1 },
            revision: 2,
            schema: "\"u8\"".into(),
            state: vec![3],
        }
    }

    /// A snapshot that was kept before would be passed over.
    #[test]
    fn the_checksum_of_a_known_snapshot_never_changes() {
        assert_eq!(format!("{:016x}", snapshot().checksum().0), "0db34862efeabaff");
        let other = Snapshot { revision: 3, ..snapshot() };
        assert_ne!(other.checksum(), snapshot().checksum());
    }

    /// A store keeps the digest of a commit: if this changes, a retry of one that was taken before is
    /// refused as another commit.
    #[test]
    fn the_digest_of_a_known_commit_never_changes() {
        let name = |text| Name::from_static(text).unwrap();
        let mut commit = Commit::new(CommitId::from_bytes([7; 16]));
        commit.streams.push(StreamAppend {
            id: StreamId::new("workflow", "fix-42").unwrap(),
            expected: ExpectedVersion::Exact(StreamVersion::FIRST),
        });
        commit.events.push(NewEvent {
            stream: 0,
            kind: name("workflow.start"),
            kind_version: KindVersion::FIRST,
            occurred_at: Timestamp::from_micros(1_760_000_000_000_000),
            correlation: commit.id,
            causation: Some(EventId { commit: commit.id, index: 3 }),
            tags: NameList::try_from(vec!["by:ada".to_owned()]).unwrap(),
            metadata: Metadata::default(),
            payload: b"payload".to_vec().into(),
        });
        let query = Query::tag(name("by:ada"));
        commit.conditions.push(Condition { query, after: Some(GlobalPosition::FIRST) });
        commit.checkpoints.push(CheckpointMove {
            name: name("reader"),
            from: None,
            to: Checkpoint {
                position: Some(GlobalPosition::FIRST),
                checksum: Some(Checksum(9)),
                cursor: b"cursor".to_vec(),
            },
        });
        commit.rows.push(RowChange {
            view: name("view"),
            key: b"key".to_vec(),
            expected: Some(RowVersion::FIRST),
            value: Some(b"value".to_vec()),
        });
        commit.snapshots.push(snapshot());
        commit.erasures.push(GlobalPosition::FIRST);
        assert_eq!(format!("{:016x}", commit.digest().0), "898ac5a6739b908c");
        // An erased payload leaves it as it was.
        commit.events[0].payload = Payload::erased(PayloadDigest::of(b"payload"));
        assert_eq!(format!("{:016x}", commit.digest().0), "898ac5a6739b908c");
        commit.erasures.clear();
        assert_ne!(format!("{:016x}", commit.digest().0), "898ac5a6739b908c");
    }
}
