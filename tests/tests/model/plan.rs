//! Commits as they are thought of before it is known what the log holds: an expectation that is
//! right, a row that is stale, a checkpoint one beyond the head.
//!
//! So a case stays what it is while it is shrunk.

use std::collections::BTreeMap;

use vitae::store::{
    Checkpoint, CheckpointMove, Commit, Condition, EventStore, ExpectedVersion, MAX_TAGS, Metadata,
    NameList, NewEvent, Query, RegisteredSchema, RowChange, StreamAppend,
};
use vitae::{EventId, GlobalPosition, KindVersion, Name, StreamId, Timestamp};

use crate::versions::never;
use crate::world::{World, limits};

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) streams: Vec<(StreamId, Expect)>,
    pub(crate) events: Vec<Event>,
    pub(crate) conditions: Vec<(Query, Place)>,
    pub(crate) checkpoints: Vec<Move>,
    pub(crate) rows: Vec<Row>,
    pub(crate) flaw: Option<Flaw>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Expect {
    Right,
    Perhaps(ExpectedVersion),
}

/// A place in the log.
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
    pub(crate) payload: Vec<u8>,
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

/// What every store must refuse before it looks at its log, or as soon as it does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Flaw {
    RepeatedStream,
    RepeatedCheckpoint,
    RepeatedRow,
    StrayEvent,
    NoSchema,
    OtherShape,
    LargePayload,
    LargeCursor,
    TooManyEvents,
    TooManyTags,
}

impl Plan {
    pub(crate) fn resolve(&self, world: &World) -> Commit {
        let mut commit = Commit::new(world.next_id());
        for (id, expect) in &self.streams {
            let expected = match *expect {
                Expect::Right => world.expected(id),
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
            payload: self.payload.clone().into(),
        }
    }
}

impl Place {
    fn resolve(self, world: &World) -> Option<GlobalPosition> {
        let head = world.head();
        GlobalPosition::new(match self {
            Self::Nowhere => 0,
            Self::Back(events) => head.saturating_sub(events),
            Self::Beyond(events) => head.saturating_add(events),
        })
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

impl Flaw {
    fn spoil(self, commit: &mut Commit) {
        let limits = limits();
        match self {
            Self::RepeatedStream => commit.streams.extend(commit.streams.first().cloned()),
            Self::RepeatedCheckpoint => {
                commit.checkpoints.extend(commit.checkpoints.first().cloned())
            }
            Self::RepeatedRow => commit.rows.extend(commit.rows.first().cloned()),
            Self::NoSchema => drop(commit.schemas.pop()),
            Self::OtherShape => {
                commit.schemas.iter_mut().for_each(|schema| schema.schema = "\"bool\"".into());
            }
            Self::LargeCursor => commit
                .checkpoints
                .iter_mut()
                .for_each(|moved| moved.to.cursor = vec![0; limits.max_cursor_bytes + 1]),
            Self::TooManyEvents => {
                let more = commit.events.first().cloned();
                commit.events.extend(more.into_iter().cycle().take(limits.max_events));
            }
            Self::StrayEvent | Self::LargePayload | Self::TooManyTags => {
                commit.events.last_mut().into_iter().for_each(|event| self.spoil_event(event));
            }
        }
    }

    fn spoil_event(self, event: &mut NewEvent) {
        match self {
            Self::StrayEvent => event.stream = 99,
            Self::LargePayload => event.payload = vec![0; limits().max_payload_bytes + 1].into(),
            _ => {
                let many = (0..=MAX_TAGS).map(|number| number.to_string()).collect::<Vec<_>>();
                event.tags = NameList::try_from(many).unwrap();
            }
        }
    }
}
