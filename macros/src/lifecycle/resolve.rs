//! Looks up names: targets become states, paths become events.

use proc_macro2::Ident;
use syn::Path;

use super::ast::Lifecycle;
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
        generics: ast.generics,
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
        if self.has_edge(from, event) {
            let (state, event) = (&self.state(from).ident, &self.event(event).ident);
            let message = format!(
                "`{}` has two edges in state `{}`; keep one, and let its guard decide whether it may happen",
                plain(event),
                plain(state)
            );
            errors.at(&written.event, message);
            return;
        }
        let Some(to) = self.target(&written.target, broken, errors) else {
            self.incomplete = true;
            self.loose.push(Loose { from, event });
            return;
        };
        self.edges.push(Edge {
            from,
            event,
            to,
            guard: written.guard,
            place: written.event,
            target: written.target,
        });
    }

    fn has_edge(&self, from: usize, event: usize) -> bool {
        let mut loose = self.loose.iter();
        self.edges_from(from).any(|edge| edge.event == event)
            || loose.any(|edge| (edge.from, edge.event) == (from, event))
    }

    /// The state of a name; after a mistake the one that may have been meant.
    fn target(&mut self, name: &Ident, broken: &[Ident], errors: &Errors) -> Option<usize> {
        let found = self.states.iter().position(|state| same(&state.ident, name));
        if found.is_some() || broken.iter().any(|ident| same(ident, name)) {
            return found;
        }
        self.incomplete = true;
        let names: Vec<String> = self.states.iter().map(|it| plain(&it.ident)).collect();
        let near = names::nearest(&plain(name), &names);
        let advice = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its states are {}", names::listed(&names)),
        };
        let message = format!("`{}` has no state `{}`; {advice}", plain(&self.ident), plain(name));
        errors.at(name, message);
        names.iter().position(|name| Some(name) == near)
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
                errors.at(&edge.event, two_names(&known.ident, edge, ident));
                return None;
            }
            if same_name {
                errors.at(ident, one_name(&known.path, &edge.event, ident));
                return None;
            }
        }
        self.events.push(Event { path: edge.event.clone(), ident: ident.clone() });
        Some(self.events.len() - 1)
    }
}

fn same(a: &Ident, b: &Ident) -> bool {
    plain(a) == plain(b)
}

fn two_names(known: &Ident, edge: &Written, ident: &Ident) -> String {
    let (path, known, name) = (spelled(&edge.event), plain(known), plain(ident));
    let last = edge.event.segments.last();
    let write = match last.is_some_and(|last| plain(&last.ident) == known) {
        true => path.clone(),
        false => format!("{path} as {known}"),
    };
    format!(
        "`{path}` is called `{known}` in an earlier edge and `{name}` here; \
         an event has one name in a lifecycle: write `{write}` here too"
    )
}

fn one_name(known: &Path, new: &Path, ident: &Ident) -> String {
    let (known, new, name) = (spelled(known), spelled(new), plain(ident));
    format!(
        "`{known}` and `{new}` would both be called `{name}`; give one of them a name of its own, \
         `{new} as Other{name}`, or, if they are one type, write the same path"
    )
}
