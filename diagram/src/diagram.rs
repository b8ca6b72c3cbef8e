//! The value: states and edges, and what is known of one life or of many.
//!
//! Owns which edges there are to draw. Must never know how they are drawn.

use std::fmt;

use crate::text::line;

/// A state machine as it is to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagram {
    pub(crate) name: String,
    pub(crate) states: Vec<State>,
    edges: Vec<Edge>,
    current: Option<usize>,
    counts: Option<Vec<u64>>,
}

/// A state: a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub(crate) name: String,
    pub(crate) initial: bool,
    pub(crate) terminal: bool,
}

/// An edge: an arrow with a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    label: String,
    guard: Option<String>,
}

/// What was given does not belong to the diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// There is no state of this name.
    State {
        /// The diagram's name.
        diagram: String,
        /// The name that no state has.
        state: String,
    },
    /// There is not one count for each edge.
    Counts {
        /// The diagram's name.
        diagram: String,
        /// How many edges it has.
        edges: usize,
        /// How many counts were given.
        counts: usize,
    },
}

impl Diagram {
    /// A diagram of these states and edges. An edge from or to a state that is not among them is
    /// not drawn.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        states: impl IntoIterator<Item = State>,
        edges: impl IntoIterator<Item = Edge>,
    ) -> Self {
        Self {
            name: name.into(),
            states: states.into_iter().collect(),
            edges: edges.into_iter().collect(),
            current: None,
            counts: None,
        }
    }

    /// Marks the state of this name as the current one.
    ///
    /// # Errors
    /// [`Mismatch::State`] if no state has the name.
    pub fn with_current(mut self, state: &str) -> Result<Self, Mismatch> {
        let found = self.states.iter().position(|it| it.name == state);
        match found {
            Some(_) => self.current = found,
            None => {
                return Err(Mismatch::State { diagram: self.name, state: state.to_owned() });
            }
        }
        Ok(self)
    }

    /// Says how often each edge was taken, in the order of the edges.
    ///
    /// # Errors
    /// [`Mismatch::Counts`] if there is not one count for each edge.
    pub fn with_counts(mut self, counts: &[u64]) -> Result<Self, Mismatch> {
        let edges = self.edges.len();
        if counts.len() != edges {
            return Err(Mismatch::Counts { diagram: self.name, edges, counts: counts.len() });
        }
        self.counts = Some(counts.to_vec());
        Ok(self)
    }

    /// Whether this is the current state.
    pub(crate) fn is_current(&self, state: usize) -> bool {
        self.current == Some(state)
    }

    /// The edges that there are to draw, each with its text on one line: `label [guard] ×count`.
    pub(crate) fn arrows(&self) -> impl Iterator<Item = (&Edge, String)> {
        let states = self.states.len();
        let edges = self.edges.iter().enumerate();
        edges.filter(move |(_, edge)| edge.from < states && edge.to < states).map(
            |(index, edge)| {
                let count = self.counts.as_ref().and_then(|counts| counts.get(index));
                let guard = edge.guard.as_ref().map(|guard| format!("[{}]", line(guard)));
                let count = count.map(|count| format!("×{count}"));
                let parts = [Some(line(&edge.label)), guard, count].into_iter().flatten();
                let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
                (edge, parts.join(" "))
            },
        )
    }
}

impl State {
    /// A state that is neither the first nor the last.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), initial: false, terminal: false }
    }

    /// The same state, as one where it all begins.
    #[must_use]
    pub fn initial(self) -> Self {
        Self { initial: true, ..self }
    }

    /// The same state, as one where it all ends.
    #[must_use]
    pub fn terminal(self) -> Self {
        Self { terminal: true, ..self }
    }
}

impl Edge {
    /// An edge between two states, which are given by their place in the diagram, from 0.
    #[must_use]
    pub fn new(from: usize, to: usize, label: impl Into<String>) -> Self {
        Self { from, to, label: label.into(), guard: None }
    }

    /// The same edge, under a condition.
    #[must_use]
    pub fn guarded(self, guard: impl Into<String>) -> Self {
        Self { guard: Some(guard.into()), ..self }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State { diagram, state } => {
                write!(f, "the diagram of `{diagram}` has no state `{state}`")
            }
            Self::Counts { diagram, edges, counts } => {
                write!(
                    f,
                    "the diagram of `{diagram}` needs {edges} counts, one for each edge, not {counts}"
                )
            }
        }
    }
}

impl std::error::Error for Mismatch {}
