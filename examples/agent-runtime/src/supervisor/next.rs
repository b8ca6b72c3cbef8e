//! What is to be done now.
//!
//! Owns the loop's next step, as the lives say it. Knows no clock: a time that has passed is told all
//! the same, for it is a timer on the log that moves a life, and never a loop that looked at its watch.

use vitae::Timestamp;

use super::{SuperviseError, Supervisor};
use crate::prompt::{Besides, Prompt};
use crate::retry::Retry;
use crate::steering::Steering;
use crate::workflow::{Outcome, Plan, Running, Status, Workflow};

/// What is to be done for a workflow now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// To begin a turn: [`Supervisor::begin_turn`], then the agent.
    Begin {
        /// Which turn it is, counted from 1; one that is run again keeps its number.
        iteration: u32,
        /// What the agent is told.
        prompt: Prompt,
    },
    /// To see the turn that is under way to its end: [`Supervisor::end_turn`]. Whoever finds it after a
    /// restart has an agent that is still at work, or one that is gone.
    Attend {
        /// Which turn it is, counted from 1.
        iteration: u32,
        /// What the agent was told.
        prompt: String,
    },
    /// To wait until the log says more, about then: the bus's timer ends the pause.
    WaitUntil(Timestamp),
    /// To wait until somebody has looked: [`Supervisor::wake`].
    AwaitAttention {
        /// What it waits for.
        reason: String,
    },
    /// To end it between two turns, since it was cancelled, or was imported when its last turn had begun:
    /// [`Supervisor::end_workflow`].
    End(Outcome),
    /// Nothing more.
    Over(Outcome),
}

impl Supervisor {
    /// What is to be done for a workflow now, as the log says it. `text` is what the workflow file says
    /// to a turn, by its number; what is said besides is put behind it.
    ///
    /// # Errors
    /// [`SuperviseError::UnknownWorkflow`] if it was never started, or the log cannot be read.
    pub fn next(
        &self,
        workflow: &str,
        text: impl Fn(&Plan, u32) -> String,
    ) -> Result<Next, SuperviseError> {
        // The workflow first: a pause that begins with the end of its turn is then never missed.
        let state = self.bus.load::<Workflow>(workflow)?;
        let retry = self.bus.load::<Retry>(workflow)?;
        let steering = self.bus.load::<Steering>(workflow)?;
        let unknown = || SuperviseError::UnknownWorkflow { workflow: workflow.to_owned() };
        Next::of(state.state(), retry.state(), steering.state(), text).ok_or_else(unknown)
    }
}

impl Next {
    /// What the states of a workflow's lives say; `None` if it was never started.
    #[must_use]
    pub fn of(
        workflow: &Workflow,
        retry: &Retry,
        steering: &Steering,
        text: impl Fn(&Plan, u32) -> String,
    ) -> Option<Self> {
        Some(match workflow {
            Workflow::Idle => return None,
            Workflow::Starting(state) if state.cancelled => Self::cancelled(),
            Workflow::Starting(state) => {
                Self::begin(1, besides(None, retry, steering), text(&state.plan, 1))
            }
            Workflow::Running(state) => Self::running(state, retry, steering, text),
            Workflow::AwaitingAttention(state) if state.running.cancelled => Self::cancelled(),
            Workflow::AwaitingAttention(state) => {
                Self::AwaitAttention { reason: state.reason.clone() }
            }
            Workflow::Completing(state) => Self::Over(state.outcome.clone()),
            Workflow::Done(state) => Self::Over(state.outcome.clone()),
        })
    }

    fn running(
        state: &Running,
        retry: &Retry,
        steering: &Steering,
        text: impl Fn(&Plan, u32) -> String,
    ) -> Self {
        if state.in_turn {
            let (iteration, prompt) = (state.iteration, state.prompt.clone());
            return Self::Attend { iteration, prompt };
        }
        if state.cancelled {
            return Self::cancelled();
        }
        // Of an imported workflow only: any other ends with its last turn.
        if !state.has_budget() {
            return Self::End(Outcome { status: Status::Exhausted, stop_reason: None });
        }
        if let Retry::BackingOff(pause) = retry {
            return Self::WaitUntil(pause.due);
        }
        let iteration = state.next_iteration();
        let text = if state.repeats { state.prompt.clone() } else { text(&state.plan, iteration) };
        Self::begin(iteration, besides(state.answer.as_deref(), retry, steering), text)
    }

    fn begin(iteration: u32, besides: Besides<'_>, text: String) -> Self {
        Self::Begin { iteration, prompt: besides.after(text) }
    }

    const fn cancelled() -> Self {
        Self::End(Outcome { status: Status::Cancelled, stop_reason: None })
    }
}

/// What is said to a turn besides its text.
fn besides<'a>(answer: Option<&'a str>, retry: &'a Retry, steering: &'a Steering) -> Besides<'a> {
    let Steering::Queue(queue) = steering;
    let denials = retry.watching().map_or(&[][..], |watching| &watching.denials);
    let last = if queue.waiting.is_empty() { 0 } else { queue.last() };
    Besides { denials, answer, messages: &queue.waiting, last }
}
