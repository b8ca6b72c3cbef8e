//! Looks up names: targets become states, paths become events.

use proc_macro2::Ident;
use syn::Path;

use super::ast::{Lifecycle, State};
use super::edge::Edge as Written;
use super::model::{Edge, Event, Loose, Model};
use crate::error::Errors;
use crate::names::{self, plain, spelled};

/// Every edge that can be looked up becomes one of the model; the others are mistakes.
pub(super) fn resolve(ast: Lifecycle, errors: &Errors) -> Model {
    let incomplete = !ast.broken.is_empty() || ast.states.iter().any(|state| state.incomplete);
    let mut model = Model {
        ident: ast.ident,
        vis: ast.vis,
        krate: ast.krate,
        name: ast.name,
        refusal: ast.refusal,
        states: Vec::new(),
        events: Vec::new(),
        edges: Vec::new(),
        loose: Vec::new(),
        incomplete,
    };
    let written: Vec<Vec<Written>> = ast.states.iter().map(|state| state.edges.clone()).collect();
    model.states = ast.states;
    for (from, edges) in written.into_iter().enumerate() {
        for edge in edges {
            model.add(from, edge, &ast.broken, errors);
        }
    }
    model
}

impl Model {
    fn add(&mut self, from: usize, written: Written, broken: &[Ident], errors: &Errors) {
        let Some(event) = self.event_of(&written, errors) else {
            self.incomplete = true;
            return;
        };
        if self.edges_from(from).any(|edge| edge.event == event) {
            let (state, event) = (&self.state(from).ident, &self.event(event).ident);
            let message = format!(
                "`{}` has two edges in state `{}`; keep one, and let its guard decide whether it may happen",
                plain(event),
                plain(state)
            );
            errors.at(&written.event, message);
            return;
        }
        let target = &written.target;
        let Some(to) = self
            .states
            .iter()
            .position(|state| same(&state.ident, target))
        else {
            self.incomplete = true;
            self.loose.push(Loose { from, event });
            if !broken.iter().any(|ident| same(ident, target)) {
                errors.at(target, unknown_state(&self.ident, &self.states, target));
            }
            return;
        };
        self.edges.push(Edge {
            from,
            event,
            to,
            guard: written.guard,
            place: written.event,
        });
    }

    /// The event at a path: known already, or new.
    fn event_of(&mut self, edge: &Written, errors: &Errors) -> Option<usize> {
        let last = edge.event.segments.last().map(|segment| &segment.ident);
        let ident = edge.alias.as_ref().or(last)?;
        let path = spelled(&edge.event);
        for (index, known) in self.events.iter().enumerate() {
            let same_path = spelled(&known.path) == path;
            let same_name = same(&known.ident, ident);
            if same_path && same_name {
                return Some(index);
            }
            if same_path {
                let message = format!(
                    "`{path}` is called `{}` in an earlier edge and `{}` here; write `{path} as {0}` everywhere",
                    plain(&known.ident),
                    plain(ident)
                );
                errors.at(&edge.event, message);
                return None;
            }
            if same_name {
                errors.at(ident, one_name(&known.path, &edge.event, ident));
                return None;
            }
        }
        self.events.push(Event {
            path: edge.event.clone(),
            ident: ident.clone(),
        });
        Some(self.events.len() - 1)
    }
}

fn same(a: &Ident, b: &Ident) -> bool {
    plain(a) == plain(b)
}

fn one_name(known: &Path, new: &Path, ident: &Ident) -> String {
    let (known, new, name) = (spelled(known), spelled(new), plain(ident));
    format!(
        "`{known}` and `{new}` would both be called `{name}`; give one of them a name of its own, \
         `{new} as Other{name}`, or, if they are one type, write the same path"
    )
}

fn unknown_state(lifecycle: &Ident, states: &[State], target: &Ident) -> String {
    let names = || states.iter().map(|state| plain(&state.ident));
    let advice = match names::nearest(&plain(target), names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its states are {}", names::listed(names())),
    };
    format!(
        "`{}` has no state `{}`; {advice}",
        plain(lifecycle),
        plain(target)
    )
}
