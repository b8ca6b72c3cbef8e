//! Looks up names: targets become states, paths become events.

use std::collections::HashMap;

use proc_macro2::Ident;
use syn::Path;

use super::ast::{Lifecycle, State};
use super::edge::Edge as Written;
use super::held::parameters;
use super::model::{Edge, Event, Loose, Model};
use crate::error::Errors;
use crate::mention;
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
    let mut known = Known::new(&model.states, &ast.broken);
    for (from, edges) in written.into_iter().enumerate() {
        for edge in edges {
            model.add(from, edge, &mut known, errors);
        }
    }
    model
}

/// What names stand for. To spell a name takes its time, so each is spelled once.
struct Known<'a> {
    states: HashMap<String, usize>,
    broken: &'a [Ident],
    /// Events by their paths, and by their names.
    paths: HashMap<String, usize>,
    events: HashMap<String, usize>,
}

impl<'a> Known<'a> {
    fn new(states: &[State], broken: &'a [Ident]) -> Self {
        let mut known = HashMap::new();
        for (index, state) in states.iter().enumerate() {
            known.entry(plain(&state.ident)).or_insert(index);
        }
        Self { states: known, broken, paths: HashMap::new(), events: HashMap::new() }
    }
}

impl Model {
    fn add(&mut self, from: usize, written: Written, known: &mut Known<'_>, errors: &Errors) {
        let Some(event) = self.event_of(&written, known, errors) else {
            self.incomplete = true;
            if let Some(state) = self.states.get_mut(from) {
                state.incomplete = true;
            }
            return;
        };
        if self.has_edge(from, event) {
            let message = format!(
                "`{}` has two edges in state `{}`; keep one, and let its guard decide whether it may happen",
                plain(&self.event(event).ident),
                plain(&self.state(from).ident)
            );
            errors.at(&written.event, message);
            // The other may be the one that was meant: what it leads to is no mistake.
            self.incomplete = true;
            return;
        }
        let target =
            written.target.and_then(|name| Some((self.target(&name, known, errors)?, name)));
        let Some((to, target)) = target else {
            self.incomplete = true;
            self.loose.push(Loose { from, event });
            return;
        };
        self.edges.push(Edge {
            from,
            event,
            to,
            guard: written.guard,
            restart: written.restart,
            place: written.event,
            target,
        });
    }

    fn has_edge(&self, from: usize, event: usize) -> bool {
        let mut loose = self.loose.iter();
        self.edges_from(from).any(|edge| edge.event == event)
            || loose.any(|edge| (edge.from, edge.event) == (from, event))
    }

    /// An event has no parameters, and none of the names that the derive makes beside the enum.
    fn refuse_event(&self, event: &Path) -> syn::Result<()> {
        let companion = event.get_ident().filter(|name| self.companions().contains(&plain(name)));
        if let Some(name) = companion {
            let message = format!(
                "`{name}` is what the derive calls what it makes of `{}`; \
                 call the event's type otherwise (its stored name can stay)",
                plain(&self.ident)
            );
            return Err(syn::Error::new_spanned(name, message));
        }
        let mut named =
            parameters(&self.generics).filter_map(|parameter| mention::named(event, parameter));
        let Some(parameter) = named.next() else { return Ok(()) };
        let message = format!(
            "an event cannot depend on `{parameter}`: one stored name has one shape; \
             write the type that is meant"
        );
        Err(syn::Error::new_spanned(parameter, message))
    }

    /// The state of a name; after a mistake the one that may have been meant.
    fn target(&mut self, name: &Ident, known: &Known<'_>, errors: &Errors) -> Option<usize> {
        let found = known.states.get(&plain(name)).copied();
        if found.is_some() || known.broken.iter().any(|ident| same(ident, name)) {
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
    fn event_of(
        &mut self,
        edge: &Written,
        known: &mut Known<'_>,
        errors: &Errors,
    ) -> Option<usize> {
        let last = edge.event.segments.last().map(|segment| &segment.ident);
        let ident = edge.alias.as_ref().or(last)?;
        let (path, name) = (spelled(&edge.event), plain(ident));
        match (known.paths.get(&path), known.events.get(&name)) {
            (Some(index), Some(same)) if index == same => Some(*index),
            (Some(index), _) => {
                errors.at(&edge.event, two_names(&self.event(*index).ident, edge, ident));
                None
            }
            (None, Some(index)) => {
                errors.at(ident, one_name(&self.event(*index).path, &edge.event, ident));
                None
            }
            (None, None) => {
                errors.note(self.refuse_event(&edge.event))?;
                let index = self.events.len();
                self.events.push(Event { path: edge.event.clone(), ident: ident.clone() });
                known.paths.insert(path, index);
                known.events.insert(name, index);
                Some(index)
            }
        }
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
