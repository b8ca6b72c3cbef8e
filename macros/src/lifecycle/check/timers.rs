//! Rules of timers: what may set one, and what it may make happen.

use std::collections::HashSet;

use super::super::ast::State;
use super::super::held::Held;
use super::super::model::Model;
use super::super::timer::Timer;
use crate::error::Errors;
use crate::names::{nearest, plain, spelled};

pub(super) fn timers(model: &Model, errors: &Errors) {
    for (index, state) in model.states.iter().enumerate() {
        let mut taken = HashSet::new();
        for timer in &state.timers {
            let event = spelled(&timer.event);
            if state.terminal {
                let message = format!(
                    "state `{}` is terminal, so nothing can happen in it; \
                     take this timer out, or `terminal`",
                    plain(&state.ident)
                );
                errors.at(&timer.event, message);
            } else if taken.insert(event.clone()) {
                field(state, timer, errors);
                edge(model, index, timer, errors);
            } else {
                let message = format!("`{event}` has a timer in this state already; keep one");
                errors.at(&timer.event, message);
            }
        }
        entered(model, index, errors);
    }
    restarts(model, errors);
}

fn field(state: &State, timer: &Timer, errors: &Errors) {
    if let (Held::Unit(_), Some(field)) = (&state.held, timer.field()) {
        let message = format!(
            "state `{}` holds no data, so it has no field `{}`; \
             write the path of a constant, such as `crate::LIMIT`",
            plain(&state.ident),
            plain(field)
        );
        errors.at(field, message);
    }
}

/// What a timer makes happen can happen in its state, and nobody is asked.
fn edge(model: &Model, state: usize, timer: &Timer, errors: &Errors) {
    let event = spelled(&timer.event);
    if let Some(edge) = model.edge_of(state, timer) {
        if let Some(guard) = &edge.guard {
            let message = format!(
                "a timer makes `{event}` happen, and time does not ask; \
                 take this guard out, or give the timer an event of its own"
            );
            errors.at(guard, message);
        }
        return;
    }
    let loose = model.loose.iter().filter(|edge| edge.from == state);
    let meant = loose.map(|edge| spelled(&model.event(edge.event).path)).any(|it| it == event);
    if meant || model.state(state).incomplete {
        return;
    }
    let name = plain(&model.state(state).ident);
    let legal: Vec<String> = model.edges_from(state).map(|it| spelled(&it.place)).collect();
    let is_state = |it: &&State| timer.event.get_ident().is_some_and(|name| *name == it.ident);
    let advice = match (model.states.iter().find(is_state), nearest(&event, &legal)) {
        (Some(_), _) => "it is a state: name the event that leads there".to_owned(),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => format!("give it one, `#[on({event} => …)]`"),
    };
    let message = format!("`{event}` is on no edge of state `{name}`; {advice}");
    errors.at(&timer.event, message);
}

/// A life without events waits for nothing, so it must be possible to come back to where it begins.
fn entered(model: &Model, index: usize, errors: &Errors) {
    let state = model.state(index);
    let mut into = model.edges.iter().filter(|edge| edge.to == index && edge.enters());
    if state.initial.is_none() || model.incomplete || into.next().is_some() {
        return;
    }
    if let Some(timer) = state.timers.first() {
        let message = format!(
            "this timer would never be set: lives begin in `{0}`, which no event enters, and a life \
             without events waits for nothing; let an edge lead to `{0}`, or say `restart` on one \
             that stays in it",
            plain(&state.ident)
        );
        errors.at(&timer.after, message);
    }
}

fn restarts(model: &Model, errors: &Errors) {
    for edge in &model.edges {
        let Some(restart) = &edge.restart else { continue };
        let from = model.state(edge.from);
        let name = plain(&from.ident);
        if edge.from != edge.to {
            let message = format!(
                "this edge leaves state `{name}`, and `restart` is for one that stays in its state; \
                 take it out: entering a state always sets its timers"
            );
            errors.at(restart, message);
        } else if from.timers.is_empty() && !from.incomplete {
            let message = format!(
                "state `{name}` has no timer to restart; \
                 give it one, `#[after(duration => Event)]`, or take `restart` out"
            );
            errors.at(restart, message);
        }
    }
}
