//! Rules across a whole declaration.

mod timers;

use std::collections::{HashMap, HashSet};

use quote::format_ident;

use super::ast::State;
use super::held::Held;
use super::model::Model;
use crate::error::Errors;
use crate::names::{plain, spelled};

pub(super) fn check(model: &mut Model, errors: &Errors) {
    if model.states.is_empty() {
        if !model.incomplete {
            errors.at(
                &model.ident,
                "a lifecycle needs states: one variant each, the first marked `#[state(initial)]`",
            );
        }
        return;
    }
    let initial = initial(model, errors);
    if model.edges.is_empty() && !model.incomplete {
        let message = "nothing can happen in this lifecycle; \
                       give its states edges: `#[on(Event => State)]`";
        errors.at(&model.ident, message);
        return;
    }
    unit_structs(model, errors);
    state_types(model, errors);
    functions(model, errors);
    terminal(model, errors);
    ways_on(model, errors);
    timers::timers(model, errors);
    if let Some(initial) = initial.filter(|_| !model.incomplete) {
        reachable(model, initial, errors);
    }
}

/// The initial state, if there is exactly one.
fn initial(model: &Model, errors: &Errors) -> Option<usize> {
    let mut first = None;
    for (index, state) in model.states.iter().enumerate() {
        let Some(mark) = &state.initial else { continue };
        match first {
            None => first = Some(index),
            Some(first) => {
                let first = plain(&model.state(first).ident);
                let message = format!("a life begins in one state, and `{first}` is it already");
                errors.at(mark, message);
                return None;
            }
        }
    }
    if first.is_none() && !model.incomplete {
        errors.at(
            &model.ident,
            "no state is initial; mark the one in which a life begins: `#[state(initial)]`",
        );
    }
    first
}

/// A state's type is the type of no other state.
fn state_types(model: &Model, errors: &Errors) {
    let mut taken: HashMap<String, &State> = HashMap::new();
    for state in &model.states {
        let ty = spelled(state.ty());
        if let Some(other) = taken.get(&ty) {
            let message = format!(
                "`{ty}` is the type of state `{}` already; \
                 a type stands for one state, so write another struct",
                plain(&other.ident)
            );
            errors.at(state.ty(), message);
        }
        taken.entry(ty).or_insert(state);
    }
}

/// A unit struct cannot have a name that is taken. It gets the advised one, for the fallback.
fn unit_structs(model: &mut Model, errors: &Errors) {
    let lifecycle = plain(&model.ident);
    let events = model.events.iter().filter_map(|event| event.path.get_ident());
    let events: Vec<String> = events.map(plain).collect();
    let companions = model.companions();
    for state in &mut model.states {
        let Held::Unit(unit) = &mut state.held else {
            continue;
        };
        let ident = &mut unit.ident;
        let name = plain(ident);
        let taken = if name == lifecycle {
            "the lifecycle"
        } else if events.contains(&name) {
            "an event"
        } else if companions.contains(&name) {
            "what the derive makes"
        } else {
            continue;
        };
        let advised = format_ident!("{lifecycle}{name}", span = ident.span());
        let message = format!(
            "the unit struct of this state would be called `{name}`, as {taken} is; \
             give it another name: `#[state(type = {advised})]`"
        );
        errors.at(&*ident, message);
        *ident = advised;
    }
}

/// Two edges whose functions would have one name.
fn functions(model: &Model, errors: &Errors) {
    let mut taken: HashMap<String, (usize, usize)> = HashMap::new();
    for edge in &model.edges {
        let function = model.function(edge.from, edge.event, &edge.place).to_string();
        let here = (edge.from, edge.event);
        let other = *taken.entry(function.clone()).or_insert(here);
        if other != here {
            let (state, event) = (&model.state(other.0).ident, &model.event(other.1).ident);
            let message = format!(
                "the function of this edge would be called `{function}`, as that of `{}` in state `{}` is; \
                 rename a state, or give the event another name with `as`",
                plain(event),
                plain(state)
            );
            errors.at(&edge.place, message);
        }
    }
}

fn terminal(model: &Model, errors: &Errors) {
    for edge in &model.edges {
        let from = model.state(edge.from);
        if from.terminal {
            let message = format!(
                "state `{}` is terminal, so nothing can happen in it; \
                 take this edge out, or `terminal`",
                plain(&from.ident)
            );
            errors.at(&edge.place, message);
        }
    }
}

/// Every state that is not terminal has an edge, be it to itself: a life may go on for good.
fn ways_on(model: &Model, errors: &Errors) {
    for (index, state) in model.states.iter().enumerate() {
        let loose = model.loose.iter().any(|edge| edge.from == index);
        let goes_on = model.edges_from(index).next().is_some();
        if state.terminal || goes_on || loose || state.incomplete {
            continue;
        }
        let message = format!(
            "nothing can happen in state `{}`; give it an edge, `#[on(Event => State)]`, \
             or mark it as an end: `#[state(terminal)]`",
            plain(&state.ident)
        );
        errors.at(&state.ident, message);
    }
}

fn reachable(model: &Model, initial: usize, errors: &Errors) {
    let mut reached = HashSet::new();
    let mut open = vec![initial];
    while let Some(state) = open.pop() {
        if reached.insert(state) {
            open.extend(model.edges_from(state).map(|edge| edge.to));
        }
    }
    for (index, state) in model.states.iter().enumerate() {
        if !reached.contains(&index) {
            let message = format!(
                "state `{name}` cannot be reached from the initial state `{}`; \
                 give an edge to it, `#[on(Event => {name})]`, or take it out",
                plain(&model.state(initial).ident),
                name = plain(&state.ident),
            );
            errors.at(&state.ident, message);
        }
    }
}
