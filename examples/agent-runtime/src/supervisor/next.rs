//! What is to be done now.
//!
//! Owns the loop's next step, as the lives say it. Knows no clock: a time that has passed is told all
//! the same, for it is a timer on the log that moves a life, and never a loop that looked at its watch.

use vitae::Timestamp;

use super::{SuperviseError, Supervisor};
use crate::prompt::{Besides, Prompt, Prompts};
use crate::retry::Retry;
use crate::steering::Steering;
use crate::workflow::{Outcome, Running, Status, Workflow};

/// What is to be done for a workflow now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// To start it: it is not there yet.
    Start,
    /// To begin a turn: [`Supervisor::begin_turn`], then the agent.
    BeginTurn {
        /// What the agent is told.
        prompt: Prompt,
    },
    /// To see the turn to its end: [`Supervisor::end_turn`]. Whoever finds it after a restart has an
    /// agent that is still at work, or one that is gone.
    EndTurn {
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
    /// To end it between two turns, since it was cancelled: [`Supervisor::end_workflow`].
    End(Outcome),
    /// Nothing more.
    Over(Outcome),
}

impl Supervisor {
    /// What is to be done for a workflow now, as the log says it.
    ///
    /// # Errors
    /// [`SuperviseError`] if the log cannot be read.
    pub fn next(&self, workflow: &str, prompts: &Prompts) -> Result<Next, SuperviseError> {
        // The workflow first: a pause that begins with the end of its turn is then never missed.
        let state = self.bus.load::<Workflow>(workflow)?;
        let retry = self.bus.load::<Retry>(workflow)?;
        let steering = self.bus.load::<Steering>(workflow)?;
        Ok(Next::of(state.state(), retry.state(), steering.state(), prompts))
    }
}

impl Next {
    /// What the states of a workflow's lives say.
    #[must_use]
    pub fn of(workflow: &Workflow, retry: &Retry, steering: &Steering, prompts: &Prompts) -> Self {
        match workflow {
            Workflow::Idle => Self::Start,
            Workflow::Starting(state) if state.cancelled => Self::cancelled(),
            Workflow::Starting(state) => {
                Self::turn(prompts.first(&state.plan.prompt), None, retry, steering)
            }
            Workflow::Running(state) => Self::running(state, retry, steering, prompts),
            Workflow::AwaitingAttention(state) if state.running.cancelled => Self::cancelled(),
            Workflow::AwaitingAttention(state) => {
                Self::AwaitAttention { reason: state.reason.clone() }
            }
            Workflow::Completing(state) => Self::Over(state.outcome.clone()),
            Workflow::Done(state) => Self::Over(state.outcome.clone()),
        }
    }

    fn running(state: &Running, retry: &Retry, steering: &Steering, prompts: &Prompts) -> Self {
        if state.in_turn {
            let (iteration, prompt) = (state.iteration, state.prompt.clone());
            return Self::EndTurn { iteration, prompt };
        }
        if state.cancelled {
            return Self::cancelled();
        }
        if let Retry::BackingOff(pause) = retry {
            return Self::WaitUntil(pause.due);
        }
        let text = if state.repeats {
            state.prompt.clone()
        } else {
            prompts.continuation(&state.plan.prompt)
        };
        Self::turn(text, state.answer.as_deref(), retry, steering)
    }

    fn turn(text: String, answer: Option<&str>, retry: &Retry, steering: &Steering) -> Self {
        let Steering::Queue(queue) = steering;
        let denials = retry.watching().map_or(&[][..], |watching| &watching.denials);
        let text = Besides { denials, answer, messages: &queue.waiting }.after(text);
        let messages = if queue.waiting.is_empty() { 0 } else { queue.last() };
        Self::BeginTurn { prompt: Prompt { text, messages } }
    }

    const fn cancelled() -> Self {
        Self::End(Outcome { status: Status::Cancelled, stop_reason: None })
    }
}
