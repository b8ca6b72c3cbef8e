//! Commits as they are thought of before it is known what the log holds: an expectation that is
//! right, a row that is stale, a checkpoint one beyond the head.
//!
//! So a case stays what it is while it is shrunk.

use std::collections::BTreeMap;

use vitae::store::{
    Checkpoint, CheckpointMove, Commit, Condition, EventStore, ExpectedVersion, Metadata, NameList,
    NewEvent, Payload, Query, RegisteredSchema, RowChange, Snapshot, StreamAppend,
};
use vitae::{EventId, GlobalPosition, KindVersion, Name, StreamId, StreamVersion, Timestamp};

use crate::flaw::Flaw;
use crate::versions::never;
use crate::world::World;

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) streams: Vec<(StreamId, Expect)>,
    pub(crate) events: Vec<Event>,
    pub(crate) conditions: Vec<(Query, Place)>,
    pub(crate) checkpoints: Vec<Move>,
    pub(crate) rows: Vec<Row>,
    pub(crate) snapshots: Vec<Keep>,
    pub(crate) erasures: Vec<Place>,
    pub(crate) flaw: Option<Flaw>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Expect {
    Right,
    Perhaps(ExpectedVersion),
}

/// A place in the log, or in a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Before the first event.
    Nowhere,
    /// So many events before the last.
    Back(u64),
    /// So many behind it.
    Beyond(u64),
}

#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Counted around the streams of the plan.
    pub(crate) stream: usize,
    pub(crate) kind: Name,
    pub(crate) kind_version: KindVersion,
    pub(crate) occurred_at: i64,
    pub(crate) caused: bool,
    pub(crate) tags: Vec<Name>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) payload: Payload,
}

#[derive(Clone, Debug)]
pub(crate) struct Move {
    pub(crate) name: Name,
    /// Whether it starts from where the checkpoint is.
    pub(crate) right: bool,
    pub(crate) to: Place,
    /// Whether it has the checksum of the event there, where there is one, or a made-up one.
    pub(crate) checksum: Option<bool>,
    pub(crate) cursor: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) view: Name,
    pub(crate) key: Vec<u8>,
    pub(crate) expected: Computed,
    pub(crate) value: Option<Vec<u8>>,
}

/// A snapshot, unless it would be of no version at all.
#[derive(Clone, Debug)]
pub(crate) struct Keep {
    pub(crate) stream: StreamId,
    /// Its version, in the stream as the commit leaves it.
    pub(crate) at: Place,
    pub(crate) state: Vec<u8>,
}

/// What a change of a row was computed from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Computed {
    /// The row as it is.
    Fresh,
    /// The row as it was before it was changed, if it ever was.
    Stale,
    /// No row.
    Absent,
    /// What no row is ever at.
    Never,
}

impl Plan {
    pub(crate) fn resolve(&self, world: &World) -> Commit {
        let mut commit = Commit::new(world.next_id());
        for (id, expect) in &self.streams {
            let expected = match *expect {
                Expect::Right => ExpectedVersion::read_at(world.version(id)),
                Expect::Perhaps(expected) => expected,
            };
            commit.streams.push(StreamAppend { id: id.clone(), expected });
        }
        if !commit.streams.is_empty() {
            let events = self.events.iter().map(|event| event.resolve(&commit));
            commit.events = events.collect();
        }
        commit.conditions = self
            .conditions
            .iter()
            .map(|(query, after)| Condition { query: query.clone(), after: after.resolve(world) })
            .collect();
        commit.checkpoints = self.checkpoints.iter().map(|moved| moved.resolve(world)).collect();
        commit.rows = self.rows.iter().map(|row| row.resolve(world)).collect();
        let snapshots = self.snapshots.iter().filter_map(|keep| keep.resolve(&commit, world));
        commit.snapshots = snapshots.collect();
        commit.erasures = self.erasures.iter().filter_map(|place| place.resolve(world)).collect();
        commit.schemas = schemas(&commit.events);
        if let Some(flaw) = self.flaw {
            flaw.spoil(&mut commit);
        }
        commit
    }
}

/// One schema for each kind and version.
fn schemas(events: &[NewEvent]) -> Vec<RegisteredSchema> {
    let kinds: BTreeMap<_, _> =
        events.iter().map(|event| ((event.kind.clone(), event.kind_version), "\"u64\"")).collect();
    kinds
        .into_iter()
        .map(|((kind, version), schema)| RegisteredSchema { kind, version, schema: schema.into() })
        .collect()
}

impl Event {
    fn resolve(&self, commit: &Commit) -> NewEvent {
        let mut tags = NameList::default();
        self.tags.iter().for_each(|tag| tags.insert(tag));
        NewEvent {
            stream: self.stream % commit.streams.len(),
            kind: self.kind.clone(),
            kind_version: self.kind_version,
            occurred_at: Timestamp::from_micros(self.occurred_at),
            correlation: if self.caused { vitae::CommitId::from_bytes([9; 16]) } else { commit.id },
            causation: self.caused.then_some(EventId { commit: commit.id, index: u32::MAX }),
            tags,
            metadata: Metadata::new(&self.metadata).unwrap(),
            payload: self.payload.clone(),
        }
    }
}

impl Place {
    fn resolve(self, world: &World) -> Option<GlobalPosition> {
        GlobalPosition::new(self.number(world.head()))
    }

    /// Its number, counted from the last one's; 0 is before the first.
    fn number(self, last: u64) -> u64 {
        match self {
            Self::Nowhere => 0,
            Self::Back(events) => last.saturating_sub(events),
            Self::Beyond(events) => last.saturating_add(events),
        }
    }
}

impl Move {
    fn resolve(&self, world: &World) -> CheckpointMove {
        let actual = world.checkpoints.get(&self.name).cloned();
        let position = self.to.resolve(world);
        let there = position.and_then(|position| world.checksum(position.get()));
        let checksum = self.checksum.and_then(|right| match right {
            true => there,
            false => Some(vitae::store::Checksum(7)),
        });
        let to = Checkpoint { position, checksum, cursor: self.cursor.clone() };
        let from = if self.right { actual } else { Some(to.clone()).xor(actual) };
        CheckpointMove { name: self.name.clone(), from, to }
    }
}

impl Row {
    fn resolve(&self, world: &World) -> RowChange {
        let expected = match self.expected {
            Computed::Fresh => {
                world.store.row(&self.view, &self.key).unwrap().map(|row| row.version)
            }
            Computed::Stale => world.earlier.get(&(self.view.clone(), self.key.clone())).copied(),
            Computed::Absent => None,
            Computed::Never => Some(never()),
        };
        RowChange {
            view: self.view.clone(),
            key: self.key.clone(),
            expected,
            value: self.value.clone(),
        }
    }
}

impl Keep {
    fn resolve(&self, commit: &Commit, world: &World) -> Option<Snapshot> {
        let events = commit.events.iter();
        let added = events.filter(|event| commit.streams[event.stream].id == self.stream).count();
        let before = world.version(&self.stream).map_or(0, StreamVersion::get);
        let last = before + added as u64;
        Some(Snapshot {
            stream: self.stream.clone(),
            version: StreamVersion::new(self.at.number(last))?,
            event: EventId { commit: commit.id, index: u32::MAX },
            revision: u32::MAX,
            schema: "\"u64\"".into(),
            state: self.state.clone(),
        })
    }
}
