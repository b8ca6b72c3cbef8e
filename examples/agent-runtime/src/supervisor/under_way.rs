//! What whoever goes on with a session must know of what is under way. Derived from the log each
//! time: nobody has to remember it.

use std::ops::ControlFlow;

use vitae::store::{Query, QueryItem, Read};
use vitae::{Bus, Event, EventId, GlobalPosition, Lifecycle, Name, StreamId, tag};

use super::{SuperviseError, Supervisor};
use crate::run::ToolStarted;
use crate::session::Session;
use crate::workflow::{Imported, Started, TurnStarted, Workflow};

/// A turn that was begun.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Turn {
    /// The workflow run.
    pub workflow: String,
    /// Which turn it is, counted from 1.
    pub iteration: u32,
    /// The prompt that it began with.
    pub prompt: String,
    /// The event that began it.
    pub event: EventId,
    /// Where on the log that is.
    pub began: GlobalPosition,
}

/// How a workflow began, be it here or in the program that it was imported from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Beginning {
    /// The session it runs in.
    pub session: String,
    /// The workflow's name; `None` if it was imported without one.
    pub name: Option<String>,
}

impl Supervisor {
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

    /// The turn of a workflow that began last; `None` if none has.
    ///
    /// # Errors
    /// [`SuperviseError`] if the log cannot be read.
    pub fn last_turn_of(&self, workflow: &str) -> Result<Option<Turn>, SuperviseError> {
        let stream = StreamId::new(Workflow::DEFINITION.name, workflow)?;
        let mut turn = None;
        self.bus.store().visit(Read::stream(stream).backwards(), |event| {
            if event.kind() != TurnStarted::KIND {
                return Ok(ControlFlow::Continue(()));
            }
            let TurnStarted { workflow, iteration, prompt, .. } = event.decode()?;
            let (event, began) = (event.id(), event.position());
            turn = Some(Turn { workflow, iteration, prompt, event, began });
            Ok::<_, SuperviseError>(ControlFlow::Break(()))
        })?;
        Ok(turn)
    }

    /// Whether the turn that an event began has ended, in whatever session. It has not if this log has no
    /// such turn.
    ///
    /// # Errors
    /// [`SuperviseError`] if the log cannot be read.
    pub fn has_ended(&self, turn: EventId) -> Result<bool, SuperviseError> {
        let receipt = self.bus.store().receipt(turn.commit)?;
        let Some((first, last)) = receipt.and_then(|receipt| receipt.positions) else {
            return Ok(false);
        };
        let item = QueryItem {
            kinds: vec![Name::from_static(TurnStarted::KIND)?],
            ..QueryItem::default()
        };
        let read = Read::log(Query { items: vec![item] }).from_position(first).page_of(1);
        let mut workflow = None;
        self.bus.store().visit(read, |event| {
            if event.id() == turn {
                workflow = Some(event.decode::<TurnStarted>()?.workflow);
            }
            let goes_on = workflow.is_none() && event.position() < last;
            let flow = if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
            Ok::<_, SuperviseError>(flow)
        })?;
        let Some(workflow) = workflow else { return Ok(false) };
        let in_turn = match self.bus.load::<Workflow>(&workflow)?.state() {
            Workflow::Running(running) => running.in_turn,
            _ => false,
        };
        Ok(!in_turn || self.last_turn_of(&workflow)?.is_some_and(|last| last.event != turn))
    }

    /// The turn that an imported workflow goes on with, if it has not been taken up yet and has turns left.
    ///
    /// # Errors
    /// [`SuperviseError`] if the log cannot be read.
    pub fn to_be_taken_up_at(&self, workflow: &str) -> Result<Option<u32>, SuperviseError> {
        let workflow = self.bus.load::<Workflow>(workflow)?;
        let running = match workflow.state() {
            Workflow::Running(running) => running,
            Workflow::AwaitingAttention(state) => &state.running,
            _ => return Ok(None),
        };
        let goes_on = running.plan.prompt.is_none() && running.has_budget();
        Ok(goes_on.then(|| running.next_iteration()))
    }

    /// How a workflow of this session began; `None` if it never did. Another session's is none of ours.
    ///
    /// # Errors
    /// [`SuperviseError`] if the log cannot be read.
    pub fn beginning_of(&self, workflow: &str) -> Result<Option<Beginning>, SuperviseError> {
        let beginning = Beginning::of(&self.bus, workflow)?;
        Ok(beginning.filter(|beginning| beginning.session == self.session))
    }
}

impl Beginning {
    /// How a workflow of any session began; `None` if it never did.
    pub(super) fn of(bus: &Bus, workflow: &str) -> Result<Option<Self>, SuperviseError> {
        let stream = StreamId::new(Workflow::DEFINITION.name, workflow)?;
        let mut beginning = None;
        bus.store().visit(Read::stream(stream).page_of(1), |event| {
            beginning = match event.kind() {
                Started::KIND => {
                    let Started { session, name, .. } = event.decode()?;
                    Some(Self { session, name: Some(name) })
                }
                Imported::KIND => {
                    let Imported { session, name, .. } = event.decode()?;
                    Some(Self { session, name })
                }
                _ => None,
            };
            Ok::<_, SuperviseError>(ControlFlow::Break(()))
        })?;
        Ok(beginning)
    }
}
