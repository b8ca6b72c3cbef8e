//! An effect at work: the events that were set aside and are due.

use super::acts::Acts;
use super::life::{Due, EffectDelivered, SetAside, Waiting};
use super::part::{EffectPart, Outcome, checkpoint_of, of_commit};
use crate::aggregate::context_of;
use crate::bus::Inner;
use crate::bus::parts::{PartError, Step, lock};
use crate::lifecycle::Context;
use crate::name::StreamId;
use crate::number::GlobalPosition;
use crate::store::{AppendError, EventRef, InvalidCommit, Page, Query, Read, ReadError};

impl EffectPart {
    /// Tries the event that is due first, if it is due by now.
    pub(super) fn retry(&self, inner: &Inner) -> Result<Step, PartError> {
        let Some(first) = self.index.first(inner)? else {
            return Ok(Step::IDLE);
        };
        let now = inner.home.clock.now();
        if first.at > now {
            return Ok(Step::Idle { until: Some(first.at) });
        }
        let mut acts = Acts::new(inner, &self.index);
        acts.found(&first.life, first.key);
        let state = acts.state(&first.life);
        let state = state.map_err(|error| of_commit(GlobalPosition::FIRST, error.into()))?;
        let mut position = GlobalPosition::FIRST;
        // Else the row led nowhere, and is put right.
        if let SetAside::Waiting(Waiting { next: Some(due), .. }) = state
            && due.at <= now
        {
            position = due.position;
            self.try_again(inner, due, &first.life, &mut acts)?;
        }
        self.commit(inner, position, acts)
    }

    fn try_again(
        &self,
        inner: &Inner,
        due: Due,
        life: &str,
        acts: &mut Acts<'_>,
    ) -> Result<(), PartError> {
        let mut page = Page::new();
        let read = Read::log(Query::all()).from_position(due.position).page_of(1);
        inner.store.read(&read, &mut page)?;
        let event = page.iter().next().filter(|event| event.position() == due.position);
        let Some(event) = event else {
            let checkpoint = checkpoint_of(&self.name)?;
            return Err(ReadError::Diverged { checkpoint }.into());
        };
        let context = context_of(StreamId::new(event.category(), event.stream())?, &event);
        let attempt = due.failures.saturating_add(1);
        let act = match self.outcome(&event, &context, attempt) {
            Ok(()) => EffectDelivered { position: due.position.get(), attempt }.into(),
            Err(error) => self.failed(&event, attempt, error, inner.home.clock.now()),
        };
        acts.record(life, act, &context)
            .map_err(|error| PartError::of_handler(&event, error.into()))
    }

    /// What a try comes to, or came to if it could not be recorded then.
    fn outcome(&self, event: &EventRef<'_>, context: &Context, attempt: u32) -> Outcome {
        let known = lock(&self.retried).take();
        let known = known.filter(|(at, nth, _)| (*at, *nth) == (event.position(), attempt));
        let outcome =
            known.map_or_else(|| self.act(event, context, attempt), |(_, _, outcome)| outcome);
        *lock(&self.retried) = Some((event.position(), attempt, outcome.clone()));
        outcome
    }

    fn commit(
        &self,
        inner: &Inner,
        position: GlobalPosition,
        acts: Acts<'_>,
    ) -> Result<Step, PartError> {
        let (commit, working) = acts.complete().map_err(|error| of_commit(position, error))?;
        if commit.events.is_empty() && commit.rows.is_empty() {
            return Ok(Step::Moved);
        }
        inner.turns.wait();
        match inner.store.commit(commit) {
            Ok(_) => {
                working.remember(inner);
                *lock(&self.retried) = None;
            }
            // Somebody else has dealt with it, or put something behind it: it is looked at again.
            Err(AppendError::Conflict { .. } | AppendError::StaleRow { .. }) => {}
            Err(AppendError::Invalid(InvalidCommit::SnapshotTooLarge { limit, .. })) => {
                inner.snapshots.bound(limit);
            }
            Err(source) => return Err(PartError::Append { position, source }),
        }
        Ok(Step::Moved)
    }
}
