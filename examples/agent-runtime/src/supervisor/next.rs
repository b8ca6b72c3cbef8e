//! What is to be done next for a workflow. Derived from the log each time, so that whoever asks
//! after a restart is told the same.

use super::{SuperviseError, Supervisor};
use crate::workflow::{Outcome, Plan, Workflow};

/// What is to be done next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// To begin a turn: [`Supervisor::begin_turn`], then the agent.
    Begin {
        /// Which turn it is, counted from 1.
        iteration: u32,
        /// What the agent is told.
        prompt: String,
    },
    /// To see the turn that is under way to its end: [`Supervisor::end_turn`].
    Attend {
        /// Which turn it is, counted from 1.
        iteration: u32,
    },
    /// Nothing more.
    Over(Outcome),
}

impl Supervisor {
    /// What is to be done for a workflow now. `text` is what the workflow file says to a turn, by
    /// its number.
    ///
    /// # Errors
    /// [`SuperviseError::UnknownWorkflow`] if it was never started, or the log cannot be read.
    pub fn next(
        &self,
        workflow: &str,
        text: impl Fn(&Plan, u32) -> String,
    ) -> Result<Next, SuperviseError> {
        let begin = |plan, iteration| Next::Begin { iteration, prompt: text(plan, iteration) };
        Ok(match self.bus.load::<Workflow>(workflow)?.state() {
            Workflow::Idle => {
                return Err(SuperviseError::UnknownWorkflow { workflow: workflow.to_owned() });
            }
            Workflow::Starting(state) => begin(&state.plan, 1),
            Workflow::Running(state) if state.in_turn => {
                Next::Attend { iteration: state.iteration }
            }
            Workflow::Running(state) => begin(&state.plan, state.iteration.saturating_add(1)),
            Workflow::Completing(state) => Next::Over(state.outcome.clone()),
            Workflow::Done(state) => Next::Over(state.outcome.clone()),
        })
    }
}
