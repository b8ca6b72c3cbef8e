//! An effect at work: the events that were set aside and are due.

use super::acts::Acts;
use super::erased::with_event;
use super::index::First;
use super::life::{Due, EffectDelivered, SetAside, Waiting};
use super::part::{EffectPart, Further, Outcome, checkpoint_of, of_commit};
use crate::aggregate::context_of;
use crate::bus::Inner;
use crate::bus::parts::{PartError, Step};
use crate::lifecycle::Context;
use crate::name::StreamId;
use crate::number::GlobalPosition;
use crate::store::{AppendError, EventRef, InvalidCommit, ReadError};
use crate::time::Timestamp;

impl EffectPart {
    /// Tries the event that is due first, if it is due by now. One that is stuck keeps nobody back.
    pub(super) fn retry(&self, inner: &Inner, tried: &mut Further) -> Result<Step, PartError> {
        let now = inner.home.clock.now();
        let (mut stuck, mut after, mut until) = (None, None, None);
        while let Some(first) = self.index.first(inner, after.as_deref())? {
            if first.at > now {
                until = Some(first.at);
                break;
            }
            after = Some(first.key.clone());
            match self.retry_one(inner, first, now, tried) {
                Err(error) if concerns_one(&error) => {
                    stuck.get_or_insert(error);
                }
                step => return step,
            }
        }
        if let Some(error) = stuck {
            return Err(error);
        }
        // Nothing is due, so what was tried is on the log, here or from elsewhere.
        tried.clear();
        Ok(Step::Idle { until })
    }

    fn retry_one(
        &self,
        inner: &Inner,
        first: First,
        now: Timestamp,
        tried: &mut Further,
    ) -> Result<Step, PartError> {
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
            let tried_again = with_event(inner, position, |event| {
                self.try_again(inner, event, due, &first.life, &mut acts, tried)
            });
            let checkpoint = checkpoint_of(&self.name)?;
            tried_again?.ok_or(ReadError::Diverged { checkpoint })??;
        }
        self.commit(inner, position, acts, tried)
    }

    fn try_again(
        &self,
        inner: &Inner,
        event: &EventRef<'_>,
        due: Due,
        life: &str,
        acts: &mut Acts<'_>,
        tried: &mut Further,
    ) -> Result<(), PartError> {
        let context = context_of(StreamId::new(event.category(), event.stream())?, event);
        let attempt = due.failures.saturating_add(1);
        let act = match self.outcome(event, &context, due, tried) {
            Ok(()) => EffectDelivered { position: due.position.get(), attempt }.into(),
            Err(error) => self.failed(event, attempt, error, inner.home.clock.now()),
        };
        acts.record(life, act, &context).map_err(|error| PartError::of_handler(event, error.into()))
    }

    /// What a try comes to, or came to if it could not be recorded then.
    fn outcome(
        &self,
        event: &EventRef<'_>,
        context: &Context,
        due: Due,
        tried: &mut Further,
    ) -> Outcome {
        match tried.get(&due.position) {
            Some((then, outcome)) if *then == due => outcome.clone(),
            _ => {
                let outcome = self.act(event, context, due.failures.saturating_add(1));
                tried.insert(due.position, (due, outcome.clone()));
                outcome
            }
        }
    }

    fn commit(
        &self,
        inner: &Inner,
        position: GlobalPosition,
        acts: Acts<'_>,
        tried: &mut Further,
    ) -> Result<Step, PartError> {
        let (commit, working) = acts.complete().map_err(|error| of_commit(position, error))?;
        if commit.events.is_empty() && commit.rows.is_empty() {
            return Ok(Step::Moved);
        }
        inner.turns.wait();
        match inner.store.commit(commit) {
            Ok(_) => {
                working.remember(inner);
                tried.remove(&position);
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

/// Whether an error is that of one life, and none of the store's.
const fn concerns_one(error: &PartError) -> bool {
    match error {
        PartError::Append { source, .. } => matches!(source, AppendError::Invalid(_)),
        PartError::Commit { .. } | PartError::Handler { .. } | PartError::InvalidName(_) => true,
        _ => false,
    }
}
