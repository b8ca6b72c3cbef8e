//! How often each edge of a lifecycle was taken.

use super::{Definition, EventDefinition, StateDefinition};

/// How often each edge of a lifecycle was taken: on a log
/// ([`Bus::edges_taken`](crate::Bus::edges_taken)), or in tests.
#[derive(Clone, Debug)]
pub struct EdgeCounts {
    definition: &'static Definition,
    counts: Vec<u64>,
}

impl EdgeCounts {
    /// No edge was taken yet.
    #[must_use]
    pub fn new(definition: &'static Definition) -> Self {
        Self { definition, counts: vec![0; definition.edges.len()] }
    }

    /// The lifecycle's table.
    #[must_use]
    pub const fn definition(&self) -> &'static Definition {
        self.definition
    }

    /// The counts, in the order of [`Definition::edges`].
    #[must_use]
    pub fn as_slice(&self) -> &[u64] {
        &self.counts
    }

    /// Counts the edge of an event out of a state. Where there is none, nothing changes.
    pub fn count(&mut self, from: &StateDefinition, event: &EventDefinition) {
        let edge = self.definition.edge(from, event);
        if let Some(count) = edge.and_then(|edge| self.counts.get_mut(edge)) {
            *count = count.saturating_add(1);
        }
    }

    /// Adds the counts of the same lifecycle from elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
    }
}
