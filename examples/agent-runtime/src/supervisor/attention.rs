//! What a person does to a workflow from outside: steer it, hold it, look after it.

use vitae::{Aggregate, Bus};

use super::{Beginning, Heard, SuperviseError, Supervisor};
use crate::steering::{Queued, Steering};
use crate::workflow::{
    AttentionGiven, AwaitingAttention, Outcome, Running, SuspendRequested, Workflow,
};

impl Supervisor {
    /// The supervisor of the session that a workflow runs in.
    ///
    /// # Errors
    /// [`SuperviseError::UnknownWorkflow`] if it was never started, or the log cannot be read.
    pub fn of_workflow(bus: Bus, workflow: &str) -> Result<Self, SuperviseError> {
        let unknown = || SuperviseError::UnknownWorkflow { workflow: workflow.to_owned() };
        let beginning = Beginning::of(&bus, workflow)?.ok_or_else(unknown)?;
        Ok(Self::new(bus, beginning.session))
    }

    /// Queues a message for the workflow's next turn. It is taken in the commit in which that turn
    /// begins; until then it waits, whatever crashes.
    ///
    /// # Errors
    /// As [`begin_turn`](Self::begin_turn); also if the workflow is over, the message is empty, or
    /// more than [`MAX_WAITING`](crate::steering::MAX_WAITING) bytes would wait.
    pub fn steer(&self, workflow: &str, text: &str, heard: Heard) -> Result<(), SuperviseError> {
        Self::again(|| {
            self.must_have_turns(workflow, &heard)?;
            let (session, id) = (self.session.clone(), workflow.to_owned());
            let queued = Queued { session, workflow: id, text: text.to_owned() };
            self.commit(self.load::<Steering>(workflow, &heard)?.record(queued)?, heard.clone())
        })
    }

    /// Holds a workflow until it is woken: at once if no turn is under way, else when that has ended.
    ///
    /// # Errors
    /// As [`begin_turn`](Self::begin_turn); also if the workflow is not running.
    pub fn suspend(
        &self,
        workflow: &str,
        reason: &str,
        heard: Heard,
    ) -> Result<(), SuperviseError> {
        Self::again(|| {
            let running = self.load::<Workflow>(workflow, &heard)?.at::<Running>()?;
            let running = running.record(SuspendRequested {
                session: self.session.clone(),
                workflow: workflow.to_owned(),
                reason: reason.to_owned(),
            })?;
            if running.state().in_turn {
                return self.commit(running, heard.clone());
            }
            self.commit(self.suspended(running, reason.to_owned())?, heard.clone())
        })
    }

    /// Wakes a workflow that awaits attention. It goes on where it was; an answer goes into its next
    /// prompt.
    ///
    /// # Errors
    /// As [`begin_turn`](Self::begin_turn); also if the workflow does not await attention.
    pub fn wake(
        &self,
        workflow: &str,
        answer: Option<&str>,
        heard: Heard,
    ) -> Result<(), SuperviseError> {
        Self::again(|| {
            let awaiting = self.load::<Workflow>(workflow, &heard)?.at::<AwaitingAttention>()?;
            let given = AttentionGiven {
                session: self.session.clone(),
                workflow: workflow.to_owned(),
                answer: answer.map(str::to_owned),
            };
            self.commit(awaiting.record(given)?, heard.clone())
        })
    }

    /// Ends a workflow between two turns, as [`next`](Self::next) says.
    ///
    /// # Errors
    /// As [`begin_turn`](Self::begin_turn).
    pub fn end_workflow(
        &self,
        workflow: &str,
        outcome: &Outcome,
        heard: Heard,
    ) -> Result<(), SuperviseError> {
        Self::again(|| {
            let workflow: Aggregate<Workflow> = self.load(workflow, &heard)?;
            self.commit(self.ended(workflow, outcome.clone())?, heard.clone())
        })
    }

    fn must_have_turns(&self, workflow: &str, heard: &Heard) -> Result<(), SuperviseError> {
        let id = || workflow.to_owned();
        match self.load::<Workflow>(workflow, heard)?.state() {
            Workflow::Idle => Err(SuperviseError::UnknownWorkflow { workflow: id() }),
            Workflow::Completing(_) | Workflow::Done(_) => {
                Err(SuperviseError::WorkflowIsOver { workflow: id() })
            }
            _ => Ok(()),
        }
    }
}
