//! A lifecycle as text, with the state it is in.

use std::fmt::Write;

use vitae::lifecycle::{Definition, StateDefinition};

/// Draws a lifecycle: a line for each state with the edges that leave it and the events on which it
/// stays, the present one marked. A question mark is a guard.
#[must_use]
pub fn text(lifecycle: &Definition, present: &StateDefinition) -> String {
    let names = lifecycle.states.iter().map(|state| state.name.len());
    let width = names.max().unwrap_or(0);
    let mut drawn = String::new();
    for (index, state) in lifecycle.states.iter().enumerate() {
        let mark = if state == present { '●' } else { '○' };
        let edges = edges(lifecycle, index);
        // Writing to a `String` cannot fail.
        let _ = writeln!(drawn, "  {mark} {:width$}  {edges}", state.name.to_lowercase());
    }
    drawn
}

fn edges(lifecycle: &Definition, from: usize) -> String {
    let (mut leaving, mut staying) = (Vec::new(), Vec::new());
    for edge in lifecycle.edges.iter().filter(|edge| edge.from == from) {
        let event = lifecycle.events.get(edge.event);
        let (Some(event), Some(to)) = (event, lifecycle.states.get(edge.to)) else {
            continue;
        };
        let event = event.kind.split_once('.').map_or(event.kind, |(_, short)| short);
        let guard = if edge.guard.is_some() { "?" } else { "" };
        if edge.to == from {
            staying.push(format!("{event}{guard}"));
        } else {
            leaving.push(format!("{event}{guard} → {}", to.name.to_lowercase()));
        }
    }
    if !staying.is_empty() {
        leaving.push(format!("stays on {}", staying.join(", ")));
    }
    if leaving.is_empty() { "the end".to_owned() } else { leaving.join("; ") }
}
