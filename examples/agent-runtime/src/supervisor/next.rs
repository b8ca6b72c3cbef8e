//! What is to be done next for a workflow. Derived from the log each time, so that whoever asks
//! after a restart is told the same.

use std::ops::ControlFlow;

use vitae::store::{Query, QueryItem, Read};
use vitae::{Event, GlobalPosition, Lifecycle, Name, StreamId, tag};

use super::{SuperviseError, Supervisor};
use crate::run::ToolStarted;
use crate::session::Session;
use crate::workflow::{Outcome, Plan, Started, TurnStarted, Workflow};
use crate::workflow_file::{Placeholders, WorkflowFile};

/// What is to be done next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// A turn is to begin.
    Begin {
        /// Which turn, counted from 1.
        iteration: u32,
        /// Its prompt.
        prompt: String,
    },
    /// A turn is under way, and its agent is to be waited for.
    Attend(Turn),
    /// Nothing: the workflow has ended.
    Over(Outcome),
}

/// A turn that is under way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Turn {
    /// The workflow run.
    pub workflow: String,
    /// Which turn it is, counted from 1.
    pub iteration: u32,
    /// The prompt that it began with.
    pub prompt: String,
    /// Where on the log it began.
    pub began: GlobalPosition,
}

/// What the workflow's own events say of it.
#[derive(Default)]
struct Told {
    input: String,
    turn: Option<(TurnStarted, GlobalPosition)>,
}

impl Supervisor {
    /// What is to be done next for a workflow of the session.
    ///
    /// # Errors
    /// [`SuperviseError`] if it was never started, or the log cannot be read.
    pub fn next(&self, workflow: &str, file: &WorkflowFile) -> Result<Next, SuperviseError> {
        let unknown = || SuperviseError::UnknownWorkflow { workflow: workflow.to_owned() };
        let begin = |plan: &Plan, iteration: u32| {
            let prompt = file.prompt_of(Placeholders {
                input: &self.told(workflow)?.input,
                tracker: plan.tracker_path.as_deref().unwrap_or_default(),
                session: &self.session,
                iteration,
            });
            Ok(Next::Begin { iteration, prompt })
        };
        match self.bus.load::<Workflow>(workflow)?.state() {
            Workflow::Idle => Err(unknown()),
            Workflow::Starting(state) => begin(&state.plan, 1),
            Workflow::Running(state) if !state.in_turn => {
                begin(&state.plan, state.iteration.saturating_add(1))
            }
            Workflow::Running(_) => {
                let (turn, began) = self.told(workflow)?.turn.ok_or_else(unknown)?;
                let TurnStarted { workflow, iteration, prompt, .. } = turn;
                Ok(Next::Attend(Turn { workflow, iteration, prompt, began }))
            }
            Workflow::Completing(state) => Ok(Next::Over(state.outcome.clone())),
            Workflow::Done(state) => Ok(Next::Over(state.outcome.clone())),
        }
    }

    /// The session's workflow that has not ended, if there is one.
    ///
    /// # Errors
    /// [`SuperviseError`] if the log cannot be read.
    pub fn workflow_under_way(&self) -> Result<Option<String>, SuperviseError> {
        Ok(match self.bus.load::<Session>(&self.session)?.state() {
            Session::Interactive(state) => state.workflow.clone(),
            Session::Working(state) => Some(state.workflow.clone()),
        })
    }

    /// Where the tracker of a workflow that has not ended is, if it is looped.
    ///
    /// # Errors
    /// [`SuperviseError`] if the log cannot be read.
    pub fn tracker_of(&self, workflow: &str) -> Result<Option<String>, SuperviseError> {
        Ok(match self.bus.load::<Workflow>(workflow)?.state() {
            Workflow::Starting(state) => state.plan.tracker_path.clone(),
            Workflow::Running(state) => state.plan.tracker_path.clone(),
            _ => None,
        })
    }

    /// The name under which a workflow of this session was started; `None` if it never was.
    ///
    /// # Errors
    /// [`SuperviseError`] if the log cannot be read.
    pub fn name_of(&self, workflow: &str) -> Result<Option<String>, SuperviseError> {
        let item = QueryItem {
            kinds: vec![Name::from_static(Started::KIND)?],
            tags: vec![tag("session", &self.session)?, tag("workflow", workflow)?],
            ..QueryItem::default()
        };
        let mut name = None;
        self.bus.store().visit(Read::log(Query { items: vec![item] }).page_of(1), |event| {
            name = Some(event.decode::<Started>()?.name);
            Ok::<_, SuperviseError>(ControlFlow::Break(()))
        })?;
        Ok(name)
    }

    /// How many uses of tools were heard in a turn that is under way, by their hooks.
    ///
    /// # Errors
    /// [`SuperviseError`] if the log cannot be read.
    pub fn tool_hooks_in(&self, turn: &Turn) -> Result<u64, SuperviseError> {
        let item = QueryItem {
            kinds: vec![Name::from_static(ToolStarted::KIND)?],
            tags: vec![tag("workflow", &turn.workflow)?],
            ..QueryItem::default()
        };
        let read = Read::log(Query { items: vec![item] }).from_position(turn.began);
        let mut heard = 0_u64;
        self.bus.store().visit(read, |_| {
            heard = heard.saturating_add(1);
            Ok::<_, SuperviseError>(ControlFlow::Continue(()))
        })?;
        Ok(heard)
    }

    /// What the workflow's stream says that its state does not hold.
    fn told(&self, workflow: &str) -> Result<Told, SuperviseError> {
        let stream = StreamId::new(Workflow::DEFINITION.name, workflow)?;
        let mut told = Told::default();
        self.bus.store().visit(Read::stream(stream), |event| {
            match event.kind() {
                Started::KIND => told.input = event.decode::<Started>()?.prompt,
                TurnStarted::KIND => told.turn = Some((event.decode()?, event.position())),
                _ => {}
            }
            Ok::<_, SuperviseError>(ControlFlow::Continue(()))
        })?;
        Ok(told)
    }
}
