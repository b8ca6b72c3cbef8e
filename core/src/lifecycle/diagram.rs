//! A lifecycle as a diagram.
//!
//! Turns the table into states and edges. Must never decide how they look.

use vitae_diagram::{Diagram, Edge, State};

use super::{Definition, EdgeDefinition};

/// The diagram of a lifecycle: its edges carry the stored names of their events, and the durations of
/// timers, in the order of [`Definition::edges`].
pub(super) fn diagram(definition: &Definition) -> Diagram {
    let states = definition.states.iter().map(|state| {
        let drawn = State::new(state.name);
        let drawn = if state.initial { drawn.initial() } else { drawn };
        if state.terminal { drawn.terminal() } else { drawn }
    });
    let edges = definition.edges.iter().map(|edge| {
        let drawn = Edge::new(edge.from, edge.to, kind(definition, edge));
        // What a timer makes happen has no guard.
        match (edge.guard, edge.after) {
            (Some(guard), _) => drawn.guarded(guard),
            (None, Some(after)) => drawn.guarded(format!("after {after}")),
            (None, None) => drawn,
        }
    });
    Diagram::new(definition.name, states, edges)
}

fn kind(definition: &Definition, edge: &EdgeDefinition) -> &'static str {
    definition.events.get(edge.event).map_or("", |event| event.kind)
}
