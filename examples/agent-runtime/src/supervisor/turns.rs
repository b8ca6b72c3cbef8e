//! What is heard of turns: that one begins, and that one has ended.

use vitae::Aggregate;

use super::{Heard, SuperviseError, Supervisor};
use crate::prompt::Prompt;
use crate::retry::{Again, BackedOff, Repeated, Retry};
use crate::steering::{Steering, Taken};
use crate::workflow::{
    Completing, Ended, Exit, IterationCompleted, Outcome, RepeatGranted, Running, Status,
    Suspended, Tokens, TurnStarted, Workflow, WrappingUp,
};

impl Supervisor {
    /// A turn of the session's workflow begins. The steering messages that the prompt holds are taken
    /// in the same commit.
    ///
    /// # Errors
    /// As [`start_workflow`](Self::start_workflow); also if there is no workflow, or no turn of it is
    /// due: then ask [`next`](Self::next) again.
    pub fn begin_turn(
        &self,
        prompt: impl Into<Prompt>,
        heard: Heard,
    ) -> Result<(), SuperviseError> {
        let Prompt { text, messages } = prompt.into();
        Self::again(|| {
            let workflow = self.workflow("a turn", &heard)?;
            let id = workflow.stream().id().to_string();
            let iteration = match workflow.state() {
                Workflow::Running(running) => running.next_iteration(),
                _ => 1,
            };
            let taken = self.take_messages(&id, messages, &heard)?;
            let started = TurnStarted {
                session: self.session.clone(),
                workflow: id,
                iteration,
                prompt: text.clone(),
            };
            self.commit((workflow.record(started)?, taken), heard.clone())
        })
    }

    fn take_messages(
        &self,
        workflow: &str,
        up_to: u32,
        heard: &Heard,
    ) -> Result<Option<Aggregate<Steering>>, SuperviseError> {
        if up_to == 0 {
            return Ok(None);
        }
        let (session, id) = (self.session.clone(), workflow.to_owned());
        let taken = Taken { session, workflow: id, up_to };
        Ok(Some(self.load::<Steering>(workflow, heard)?.record(taken)?))
    }

    /// The agent process of a turn has ended. The workflow goes on, its turn is to be run again, it
    /// waits for somebody, or it ends here.
    ///
    /// # Errors
    /// As [`begin_turn`](Self::begin_turn); also if no turn is under way.
    pub fn end_turn(&self, exit: Exit, used: Tokens, heard: Heard) -> Result<(), SuperviseError> {
        Self::again(|| {
            let running = self.workflow("the end of a turn", &heard)?.at::<Running>()?;
            let workflow = running.stream().id().to_string();
            let completed = IterationCompleted {
                session: self.session.clone(),
                workflow: workflow.clone(),
                iteration: running.state().iteration,
                exit: exit.clone(),
                used,
                total: running.state().total_with(used),
            };
            let running = running.record(completed)?;
            let retry = self.load::<Retry>(&workflow, &heard)?;
            self.after_turn(running, retry, heard.clone())
        })
    }

    /// What becomes of the workflow after the turn that is just over.
    fn after_turn(
        &self,
        running: Aggregate<Workflow, Running>,
        retry: Aggregate<Retry>,
        heard: Heard,
    ) -> Result<(), SuperviseError> {
        let state = running.state();
        let again = retry.state().again(state.crashed).filter(|_| state.is_worth_repeating());
        if let Some(again) = again {
            let (running, retry) = self.repeat(running, retry, again)?;
            return self.commit((self.suspended_if_asked(running)?, retry), heard);
        }
        match state.verdict() {
            None => self.commit(self.suspended_if_asked(running)?, heard),
            Some(outcome) => match what_is_waited_for(&outcome, state, retry.state()) {
                Some(reason) => self.commit(self.suspended(running, reason)?, heard),
                None => self.commit(self.ended(running.untyped(), outcome)?, heard),
            },
        }
    }

    fn repeat(
        &self,
        running: Aggregate<Workflow, Running>,
        retry: Aggregate<Retry>,
        again: Again,
    ) -> Result<(Aggregate<Workflow, Running>, Aggregate<Retry>), SuperviseError> {
        let (session, workflow) = (self.session.clone(), running.stream().id().to_string());
        let reason = match again {
            Again::AfterAPause => running.state().failure.clone().unwrap_or_default(),
            Again::AtOnce => "a permission was denied".to_owned(),
        };
        let granted = RepeatGranted {
            session: session.clone(),
            workflow: workflow.clone(),
            iteration: running.state().iteration,
            reason,
        };
        let retry = match again {
            Again::AfterAPause => retry.record(BackedOff { session, workflow })?,
            Again::AtOnce => retry.record(Repeated { session, workflow })?,
        };
        Ok((running.record(granted)?, retry))
    }

    fn suspended_if_asked(
        &self,
        running: Aggregate<Workflow, Running>,
    ) -> Result<Aggregate<Workflow>, SuperviseError> {
        match running.state().suspension.clone() {
            Some(reason) => self.suspended(running, reason),
            None => Ok(running.untyped()),
        }
    }

    pub(super) fn suspended(
        &self,
        running: Aggregate<Workflow, Running>,
        reason: String,
    ) -> Result<Aggregate<Workflow>, SuperviseError> {
        let (session, workflow) = (self.session.clone(), running.stream().id().to_string());
        Ok(running.record(Suspended { session, workflow, reason })?.untyped())
    }

    pub(super) fn ended(
        &self,
        workflow: Aggregate<Workflow>,
        outcome: Outcome,
    ) -> Result<Aggregate<Workflow>, SuperviseError> {
        let (session, id) = (self.session.clone(), workflow.stream().id().to_string());
        let wrapping_up =
            WrappingUp { session: session.clone(), workflow: id.clone(), outcome: outcome.clone() };
        let completing = workflow.record(wrapping_up)?.at::<Completing>()?;
        Ok(completing.record(Ended { session, workflow: id, outcome })?.untyped())
    }
}

/// What a workflow that is blocked waits for, if it is to wait and has turns left for the answer.
fn what_is_waited_for(outcome: &Outcome, running: &Running, retry: &Retry) -> Option<String> {
    let waits = retry.watching().is_some_and(|watching| watching.plan.blocked_waits);
    (outcome.status == Status::Blocked && waits && running.has_budget())
        .then(|| outcome.stop_reason.clone().unwrap_or_else(|| "the work is blocked".to_owned()))
}
