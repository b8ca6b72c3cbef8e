//! Commits in few words.

use crate::store::{
    Checkpoint, CheckpointMove, Commit, Condition, EventStore, ExpectedVersion, Metadata, NameList,
    NewEvent, Query, Receipt, RegisteredSchema, RowChange, StreamAppend,
};
use crate::{
    CommitId, GlobalPosition, KindVersion, Name, RowVersion, StreamId, StreamVersion, Timestamp,
};

/// A name.
///
/// # Panics
/// If it is not a valid one.
#[must_use]
#[track_caller]
pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A stream from `category/id`.
///
/// # Panics
/// If one of the two is not a valid name, or there is no `/`.
#[must_use]
#[track_caller]
pub fn stream(text: &str) -> StreamId {
    let (category, id) = text.split_once('/').unwrap();
    StreamId::new(category, id).unwrap()
}

/// A version.
///
/// # Panics
/// If it is 0.
#[must_use]
#[track_caller]
pub fn version(number: u64) -> StreamVersion {
    StreamVersion::new(number).unwrap()
}

/// A position.
///
/// # Panics
/// If it is 0.
#[must_use]
#[track_caller]
pub fn position(number: u64) -> GlobalPosition {
    GlobalPosition::new(number).unwrap()
}

/// A schema for version 1 of a kind.
///
/// # Panics
/// If the kind is not a valid name.
#[must_use]
#[track_caller]
pub fn schema(kind: &str, text: &str) -> RegisteredSchema {
    RegisteredSchema { kind: name(kind), version: KindVersion::FIRST, schema: text.into() }
}

/// A commit that is being put together; what no function here says of it, its field does. The
/// functions panic where a name is not valid.
#[derive(Clone, Debug)]
pub struct Draft(pub Commit);

impl Draft {
    /// An empty one with a new id.
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(Commit::new(CommitId::generate()))
    }

    /// Appends to a stream (`category/id`) from now on, whatever its version.
    #[must_use]
    pub fn on(self, id: &str) -> Self {
        self.expecting(id, ExpectedVersion::Any)
    }

    /// Appends to a stream (`category/id`) from now on.
    #[must_use]
    pub fn expecting(mut self, id: &str, expected: ExpectedVersion) -> Self {
        self.0.streams.push(StreamAppend { id: stream(id), expected });
        self
    }

    /// Adds an event to the stream named last, with version 1 of its kind and the schema `"bytes"`.
    ///
    /// # Panics
    /// If no stream was named.
    #[must_use]
    #[track_caller]
    pub fn event(mut self, kind: &str, payload: &[u8]) -> Self {
        let known = schema(kind, "\"bytes\"");
        if !self.0.schemas.contains(&known) {
            self.0.schemas.push(known);
        }
        self.0.events.push(NewEvent {
            stream: self.0.streams.len() - 1,
            kind: name(kind),
            kind_version: KindVersion::FIRST,
            occurred_at: Timestamp::from_micros(1_760_000_000_000_000),
            correlation: self.0.id,
            causation: None,
            tags: NameList::default(),
            metadata: Metadata::default(),
            payload: payload.to_vec().into(),
        });
        self
    }

    /// Tags the event that was added last.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn tag(mut self, tag: &str) -> Self {
        self.0.events.last_mut().unwrap().tags.insert(&name(tag));
        self
    }

    /// Adds a condition.
    #[must_use]
    pub fn unless(mut self, query: Query, after: Option<GlobalPosition>) -> Self {
        self.0.conditions.push(Condition { query, after });
        self
    }

    /// Adds a move of a checkpoint.
    #[must_use]
    pub fn moving(mut self, checkpoint: &str, from: Option<Checkpoint>, to: Checkpoint) -> Self {
        let name = name(checkpoint);
        self.0.checkpoints.push(CheckpointMove { name, from, to });
        self
    }

    /// Adds a change of a row.
    #[must_use]
    pub fn row(
        mut self,
        view: &str,
        key: &[u8],
        expected: Option<RowVersion>,
        value: Option<&[u8]>,
    ) -> Self {
        self.0.rows.push(RowChange {
            view: name(view),
            key: key.to_vec(),
            expected,
            value: value.map(<[u8]>::to_vec),
        });
        self
    }

    /// Commits a copy of it.
    ///
    /// # Panics
    /// If the store does not take it.
    #[track_caller]
    pub fn must(&self, store: &dyn EventStore) -> Receipt {
        self.try_on(store).unwrap()
    }

    /// Commits a copy of it.
    ///
    /// # Errors
    /// What the store says.
    pub fn try_on(&self, store: &dyn EventStore) -> Result<Receipt, crate::store::AppendError> {
        store.append(self.0.clone()).wait()
    }
}
