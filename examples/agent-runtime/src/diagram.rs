//! A lifecycle as text, with the state it is in.

use std::fmt::Write;

use vitae::lifecycle::{Definition, StateDefinition};

/// Draws a lifecycle: a line for each state with the edges that leave it, the present one marked.
#[must_use]
pub fn text(lifecycle: &Definition, present: &StateDefinition) -> String {
    let width = lifecycle
        .states
        .iter()
        .map(|state| state.name.len())
        .max()
        .unwrap_or(0);
    let mut drawn = String::new();
    for (index, state) in lifecycle.states.iter().enumerate() {
        let mark = if state == present { '●' } else { '○' };
        let edges = edges(lifecycle, index);
        let end = if state.terminal {
            "(end)".to_owned()
        } else {
            edges
        };
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            drawn,
            "  {mark} {:width$}  {end}",
            state.name.to_lowercase()
        );
    }
    drawn
}

fn edges(lifecycle: &Definition, from: usize) -> String {
    let edges = lifecycle.edges.iter().filter(|edge| edge.from == from);
    let edges = edges.filter_map(|edge| {
        let event = lifecycle.events.get(edge.event)?.kind;
        let event = event.split_once('.').map_or(event, |(_, short)| short);
        let guard = if edge.guard.is_some() { "?" } else { "" };
        Some(if edge.to == edge.from {
            format!("{event}{guard} ↺")
        } else {
            format!(
                "{event}{guard} → {}",
                lifecycle.states.get(edge.to)?.name.to_lowercase()
            )
        })
    });
    edges.collect::<Vec<_>>().join(", ")
}
