//! The timers that a commit sets: a row for each, in the same commit.

use std::time::Duration;

use crate::aggregate::Aggregate;
use crate::lifecycle::Lifecycle;

/// A state that was entered, with timers.
pub(in crate::bus) struct Entered {
    /// Which of the life's events in the commit entered it, from 0.
    pub(in crate::bus) nth: usize,
    /// What the state waits for: kinds of events.
    pub(in crate::bus) timers: Vec<(&'static str, Duration)>,
}

/// What the last entering among the events recorded in a life sets. One that was left again in the
/// same commit sets nothing.
pub(in crate::bus) fn entered<L: Lifecycle>(life: &Aggregate<L>) -> Option<Entered> {
    let definition = L::DEFINITION;
    if !definition.has_timers() {
        return None;
    }
    let draft = &life.draft;
    let mut state = draft.origin()?.state();
    let mut last = None;
    for (nth, pending) in draft.pending.iter().enumerate() {
        let edge = definition.edges.get(definition.edge(state, pending.definition)?)?;
        if edge.enters() {
            last = Some(nth);
        }
        state = definition.states.get(edge.to)?;
    }
    let (nth, events) = last.and_then(|nth| Some((nth, nth.checked_add(1)?)))?;
    let timers = if events == draft.pending.len() {
        life.state.timers()
    } else {
        // As it was entered: an edge that stays in a state does not change how long it lasts.
        draft.after(events)?.timers()
    };
    let timers: Vec<_> = timers.iter().map(|timer| (timer.kind, timer.after)).collect();
    (!timers.is_empty()).then_some(Entered { nth, timers })
}
