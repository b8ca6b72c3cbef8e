//! The lives of one lifecycle, as many as a person can look at.
//!
//! Owns which state a life is in, which its table says, and how many lives are remembered. Must never
//! know what the events of a lifecycle mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use vitae::StreamVersion;
use vitae::lifecycle::StateDefinition;
use vitae::store::EventRef;

use super::SightError;
use super::seen::Seen;

/// How many lives of one lifecycle are remembered. What is over is forgotten first.
pub const MOST: usize = 256;

/// The lives of one lifecycle. Cloning it copies no life.
#[derive(Clone, Debug)]
pub struct Shelf<T> {
    lives: BTreeMap<String, Arc<Life<T>>>,
    /// How many lives were forgotten.
    pub forgotten: u64,
}

/// A life.
#[derive(Clone, Debug, Serialize)]
pub struct Life<T> {
    /// The id of its stream.
    pub id: String,
    /// The state that it is in.
    #[serde(serialize_with = "name_of")]
    pub state: &'static StateDefinition,
    /// Whether that is a state in which it ends.
    pub over: bool,
    /// The position of its first event.
    pub began: u64,
    /// When that happened, in Unix milliseconds.
    pub began_at: i64,
    /// The position of its last event.
    pub moved: u64,
    /// When that happened, in Unix milliseconds.
    pub moved_at: i64,
    /// What else is to be seen of it.
    #[serde(flatten)]
    pub seen: T,
}

fn name_of<S: Serializer>(
    state: &&'static StateDefinition,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.name)
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { lives: BTreeMap::new(), forgotten: 0 }
    }
}

impl<T> Shelf<T> {
    /// The lives, ordered by the ids of their streams.
    pub fn iter(&self) -> impl Iterator<Item = &Life<T>> {
        self.lives.values().map(AsRef::as_ref)
    }

    /// A life by the id of its stream.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Life<T>> {
        self.lives.get(id).map(AsRef::as_ref)
    }

    /// Makes room for another life.
    fn make_room(&mut self) {
        if self.lives.len() < MOST {
            return;
        }
        let first = self.lives.values().min_by_key(|life| (!life.over, life.began));
        if let Some(id) = first.map(|life| life.id.clone()) {
            self.lives.remove(&id);
            self.forgotten = self.forgotten.saturating_add(1);
        }
    }
}

impl<T: Seen> Shelf<T> {
    /// Takes the next event of the log, whether it is of one of these lives or not.
    pub(super) fn take(&mut self, event: &EventRef<'_>) -> Result<(), SightError> {
        if event.category() != T::DEFINITION.name {
            return Ok(());
        }
        if event.version() == StreamVersion::FIRST {
            let life = Life::beginning(event)?;
            self.make_room();
            self.lives.insert(life.id.clone(), Arc::new(life));
        } else if let Some(life) = self.lives.get_mut(event.stream()) {
            Arc::make_mut(life).take(event)?;
        }
        Ok(())
    }
}

impl<T: Seen> Life<T> {
    fn beginning(event: &EventRef<'_>) -> Result<Self, SightError> {
        let (position, at) = (event.position(), event.occurred_at().as_millis());
        let mut initial = T::DEFINITION.states.iter().filter(|state| state.initial);
        let state = initial.next().ok_or_else(|| SightError::Illegal {
            position,
            kind: event.kind().to_owned(),
            state: "none",
        })?;
        let mut life = Self {
            id: event.stream().to_owned(),
            state,
            over: false,
            began: position.get(),
            began_at: at,
            moved: position.get(),
            moved_at: at,
            seen: T::default(),
        };
        life.take(event)?;
        Ok(life)
    }

    /// Takes the next event of the life. Which state it leads to stands in the lifecycle's table, so
    /// a payload that was erased does not hide it.
    fn take(&mut self, event: &EventRef<'_>) -> Result<(), SightError> {
        let (definition, position) = (T::DEFINITION, event.position());
        let edge = definition
            .event(event.kind())
            .and_then(|named| definition.edge(self.state, named))
            .and_then(|edge| definition.edges.get(edge));
        let to = edge.and_then(|edge| definition.states.get(edge.to));
        let to = to.ok_or_else(|| SightError::Illegal {
            position,
            kind: event.kind().to_owned(),
            state: self.state.name,
        })?;
        if event.payload().is_ok() {
            let taken = self.seen.take(event);
            taken.map_err(|source| SightError::Decode { position, source })?;
        }
        (self.state, self.over) = (to, to.terminal);
        (self.moved, self.moved_at) = (position.get(), event.occurred_at().as_millis());
        Ok(())
    }
}

impl<T: Clone + Serialize> Serialize for Shelf<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
