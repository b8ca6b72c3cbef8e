//! "What is the active workflow context for this permission request?": the question the project
//! began with, answered by one read of the log.
//!
//! The read goes backwards through what is tagged with the session, and ends where the request's
//! run and workflow begin. What it has seen is then folded forwards.

use std::ops::ControlFlow;

use vitae::store::{EventRef, EventStore, Page, Query, QueryItem, Read, ReadError};
use vitae::{DecodeError, Event, Fold, FoldError, InvalidName, Lifecycle, Name, StreamId, tag};

use crate::request::{Decision, PermissionAsked, PermissionDecided, RequestLapsed};
use crate::run::{RunOpened, Tool};
use crate::workflow::{self, Workflow};

/// A permission request and what is around it.
#[derive(Clone, PartialEq, Debug)]
pub struct RequestContext {
    /// The session.
    pub session: String,
    /// The request.
    pub request: String,
    /// What the agent wants to use.
    pub tool: Tool,
    /// The public id of the run that it was asked in.
    pub run: String,
    /// The workflow in whose turn it was asked, if any.
    pub workflow: Option<WorkflowContext>,
    /// What was decided, and by whom.
    pub decision: Option<(String, Decision)>,
    /// Whether a further run opened before anybody had decided.
    pub lapsed: bool,
    /// The session's permission requests that still wait for a decision, in the order in which
    /// they were asked.
    pub pending: Vec<String>,
}

/// How a workflow stood when a permission was asked for, and how it stands now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkflowContext {
    /// The workflow run.
    pub id: String,
    /// The workflow's name.
    pub name: String,
    /// Its state when the permission was asked for.
    pub state: &'static str,
    /// Its turn when the permission was asked for, counted from 1; `None` if the workflow was imported
    /// from a file that does not say.
    pub iteration: Option<u32>,
    /// The most turns.
    pub max_iterations: u32,
    /// Its state now.
    pub state_now: &'static str,
}

/// Why there is no context.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// The session has no permission request of this id.
    #[error("session `{session}` has no permission request `{request}`")]
    Unknown {
        /// The session.
        session: String,
        /// The request.
        request: String,
    },
    /// An id cannot be part of a tag.
    #[error("an id is not valid")]
    InvalidName(#[from] InvalidName),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event could not be read.
    #[error("an event of the log cannot be read")]
    Decode(#[from] DecodeError),
    /// The workflow's events do not fold.
    #[error(transparent)]
    Fold(#[from] Box<FoldError>),
}

/// The context of a permission request, in one read of the log.
///
/// # Errors
/// [`ContextError`] if there is no such request, or the log cannot be read.
pub fn of_request(
    store: &dyn EventStore,
    session: &str,
    request: &str,
) -> Result<RequestContext, ContextError> {
    let mut search = Search { session, request, asked: None, run: None, workflow_began: false };
    let mut seen = Page::new();
    store.visit(Read::log(query(session)?).backwards(), |event| {
        seen.keep(event);
        search.look(event)?;
        let found =
            if search.is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        Ok::<_, ContextError>(found)
    })?;
    search.context(&seen)
}

/// What can say anything about a request of the session.
fn query(session: &str) -> Result<Query, InvalidName> {
    let kinds =
        [PermissionAsked::KIND, PermissionDecided::KIND, RequestLapsed::KIND, RunOpened::KIND];
    let workflow = Workflow::DEFINITION.events.iter().map(|event| event.kind);
    let kinds: Result<_, _> = kinds.into_iter().chain(workflow).map(Name::from_static).collect();
    let tags = vec![tag("session", session)?];
    Ok(Query { items: vec![QueryItem { kinds: kinds?, tags, categories: Vec::new() }] })
}

/// What a walk backwards through the session has found.
struct Search<'a> {
    session: &'a str,
    request: &'a str,
    asked: Option<PermissionAsked>,
    run: Option<String>,
    workflow_began: bool,
}

impl Search<'_> {
    fn look(&mut self, event: &EventRef<'_>) -> Result<(), DecodeError> {
        let Some(asked) = &self.asked else {
            if event.kind() == PermissionAsked::KIND {
                let asked: PermissionAsked = event.decode()?;
                self.asked = Some(asked).filter(|asked| asked.request == self.request);
            }
            return Ok(());
        };
        match event.kind() {
            RunOpened::KIND if self.run.is_none() => {
                let opened: RunOpened = event.decode()?;
                if opened.place.run == asked.place.run {
                    self.run = Some(opened.run_id);
                }
            }
            workflow::Started::KIND | workflow::Imported::KIND => {
                self.workflow_began |= Some(event.stream()) == asked.place.workflow.as_deref();
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether everything that belongs to the request has been seen.
    fn is_over(&self) -> bool {
        let has_workflow = self.asked.as_ref().is_some_and(|asked| asked.place.workflow.is_some());
        self.run.is_some() && (self.workflow_began || !has_workflow)
    }

    /// Folds what was seen, oldest first.
    fn context(self, seen: &Page) -> Result<RequestContext, ContextError> {
        let (session, request) = (self.session.to_owned(), self.request.to_owned());
        let (Some(asked), Some(run)) = (self.asked, self.run) else {
            return Err(ContextError::Unknown { session, request });
        };
        let workflow = match &asked.place.workflow {
            Some(workflow) => Some(workflow_context(workflow, &request, seen)?),
            None => None,
        };
        let mut pending = Vec::new();
        let (mut decision, mut lapsed) = (None, false);
        for event in seen.iter().rev() {
            let settled = match event.kind() {
                PermissionAsked::KIND => {
                    pending.push(event.decode::<PermissionAsked>()?.request);
                    continue;
                }
                PermissionDecided::KIND => {
                    let decided: PermissionDecided = event.decode()?;
                    if decided.request == request {
                        decision = Some((decided.source, decided.decision));
                    }
                    decided.request
                }
                RequestLapsed::KIND => {
                    let settled = event.decode::<RequestLapsed>()?.request;
                    lapsed |= settled == request;
                    settled
                }
                _ => continue,
            };
            pending.retain(|asked| *asked != settled);
        }
        let tool = asked.tool;
        Ok(RequestContext { session, request, tool, run, workflow, decision, lapsed, pending })
    }
}

fn workflow_context(id: &str, request: &str, seen: &Page) -> Result<WorkflowContext, ContextError> {
    let mut fold = Fold::<Workflow>::new(StreamId::new(Workflow::DEFINITION.name, id)?);
    let mut context = WorkflowContext {
        id: id.to_owned(),
        name: String::new(),
        state: Workflow::initial().state().name,
        iteration: None,
        max_iterations: 0,
        state_now: Workflow::initial().state().name,
    };
    let mut turn_is_known = false;
    for event in seen.iter().rev() {
        if fold.concerns(&event) {
            fold.push(&event)?;
            turn_is_known |= event.kind() == workflow::TurnStarted::KIND;
        } else if event.kind() == PermissionAsked::KIND
            && event.decode::<PermissionAsked>()?.request == request
        {
            let state = fold.state();
            context.state = state.state().name;
            if let Workflow::Running(running) = state {
                context.name = running.plan.name;
                context.iteration = turn_is_known.then_some(running.iteration);
                context.max_iterations = running.plan.max_iterations;
            }
        }
    }
    context.state_now = fold.state().state().name;
    Ok(context)
}
