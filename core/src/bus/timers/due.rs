//! Whether a timer that is due still stands.
//!
//! Owns the one question that its row cannot answer. The log does: the state must be the one that set
//! the timer, not left since and not restarted, and the timer must not have fired.

use std::ops::ControlFlow;

use super::PendingTimer;
use crate::aggregate::Aggregate;
use crate::bus::{AsOf, Inner, LoadError};
use crate::lifecycle::{Lifecycle, StateDefinition, Timer};
use crate::store::{EventRef, Read};

impl Inner {
    /// The timer, if a life as it is loaded still waits for it.
    pub(super) fn waits<L: Lifecycle>(
        &self,
        life: &Aggregate<L>,
        due: &PendingTimer,
    ) -> Result<Option<Timer<L::Event>>, LoadError> {
        let (state, timers) = (life.state().state(), life.state().timers());
        let timer = timers.into_iter().find(|timer| due.kind.as_str() == timer.kind);
        if timer.is_none() || !self.has_stayed::<L>(state, due)? {
            return Ok(None);
        }
        if life.version() != Some(due.entered) {
            // An edge that stays in this state may come into it from another one, too.
            let id = due.stream.id().as_str();
            let then = self.load_as_of::<L>(id, AsOf::Version(due.entered))?;
            if then.state().state() != state {
                return Ok(None);
            }
        }
        Ok(timer)
    }

    /// Whether every event since the one that set the timer could have been one that stays in the
    /// state, and none of them is the timer's own.
    fn has_stayed<L: Lifecycle>(
        &self,
        state: &StateDefinition,
        due: &PendingTimer,
    ) -> Result<bool, LoadError> {
        // No event: the log is not the one that the row was made of.
        let mut stayed = false;
        let read = Read::stream(due.stream.clone()).from_version(due.entered);
        self.store.visit(read, |event| {
            stayed = if event.version() == due.entered {
                event.id() == due.set_by
            } else {
                stays::<L>(state, event) && !due.has_made(event)
            };
            let go_on = if stayed { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
            Ok::<_, LoadError>(go_on)
        })?;
        Ok(stayed)
    }
}

impl PendingTimer {
    /// Whether an event is what the timer has made happen.
    pub(super) fn has_made(&self, event: &EventRef<'_>) -> bool {
        event.causation() == Some(self.set_by) && event.kind() == self.kind.as_str()
    }
}

fn stays<L: Lifecycle>(state: &StateDefinition, event: &EventRef<'_>) -> bool {
    let definition = L::DEFINITION;
    let edge = definition.event(event.kind()).and_then(|event| definition.edge(state, event));
    edge.and_then(|edge| definition.edges.get(edge)).is_some_and(|edge| !edge.enters())
}
