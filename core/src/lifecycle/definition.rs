//! A lifecycle as a table: what everything at run time reads.

use crate::name::InvalidName;
use crate::store::RegisteredSchema;

/// A lifecycle as a constant table.
#[derive(Debug)]
pub struct Definition {
    /// The lifecycle's name: the category of its streams.
    pub name: &'static str,
    /// The states, in the order of the declaration.
    pub states: &'static [StateDefinition],
    /// The events, in the order in which the declaration first names them.
    pub events: &'static [EventDefinition],
    /// The edges, in the order of the declaration.
    pub edges: &'static [EdgeDefinition],
}

/// A state of a lifecycle.
#[derive(Debug, PartialEq, Eq)]
pub struct StateDefinition {
    /// The variant's name.
    pub name: &'static str,
    /// Whether a life begins here.
    pub initial: bool,
    /// Whether a life ends here.
    pub terminal: bool,
}

/// An event of a lifecycle.
pub struct EventDefinition {
    /// The name in the declaration: the type's, or its alias.
    pub name: &'static str,
    /// The stored name.
    pub kind: &'static str,
    /// The newest version of the payload.
    pub version: u32,
    /// The schemas of every version, oldest first.
    pub schemas: fn() -> Result<Vec<RegisteredSchema>, InvalidName>,
}

/// An edge of a lifecycle.
#[derive(Debug)]
pub struct EdgeDefinition {
    /// The state it leaves, as the index into [`Definition::states`].
    pub from: usize,
    /// Its event, as the index into [`Definition::events`].
    pub event: usize,
    /// The state it leads to, as the index into [`Definition::states`].
    pub to: usize,
    /// Its guard as it stands in the declaration.
    pub guard: Option<&'static str>,
    /// The duration of the timer that makes its event happen, as it stands in the declaration.
    pub after: Option<&'static str>,
    /// Whether it stays in its state and sets the state's timers anew.
    pub restarts: bool,
}

impl EdgeDefinition {
    /// Whether the timers of the state that it leads to are set: it comes from another state, or it
    /// restarts them.
    #[must_use]
    pub const fn enters(&self) -> bool {
        self.from != self.to || self.restarts
    }
}

impl Definition {
    /// The events that are legal in a state, in the order of the declaration.
    pub fn legal_in(
        &self,
        state: &StateDefinition,
    ) -> impl Iterator<Item = &'static EventDefinition> {
        let (states, events) = (self.states, self.events);
        self.edges
            .iter()
            .filter(move |edge| states.get(edge.from).is_some_and(|from| from.name == state.name))
            .filter_map(move |edge| events.get(edge.event))
    }

    /// The edge of an event out of a state, as the index into [`edges`](Self::edges).
    #[must_use]
    pub fn edge(&self, state: &StateDefinition, event: &EventDefinition) -> Option<usize> {
        let is_it = |edge: &EdgeDefinition| {
            self.states.get(edge.from).is_some_and(|from| from.name == state.name)
                && self.events.get(edge.event).is_some_and(|named| named.name == event.name)
        };
        self.edges.iter().position(is_it)
    }

    /// Whether time alone may move a life.
    pub(crate) fn has_timers(&self) -> bool {
        self.edges.iter().any(|edge| edge.after.is_some())
    }

    /// An event by its stored name.
    #[must_use]
    pub fn event(&self, kind: &str) -> Option<&'static EventDefinition> {
        self.events.iter().find(|event| event.kind == kind)
    }
}

impl std::fmt::Debug for EventDefinition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventDefinition")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
