//! What is heard of workflows: that one starts, its tracker, that it is cancelled.

use std::ops::ControlFlow;

use vitae::store::{Query, QueryItem, Read};
use vitae::{Aggregate, Event, Name, tag};

use super::{Heard, SuperviseError, Supervisor};
use crate::permissions::{Permissions, Rule, RulesSet};
use crate::retry::{Retry, RetryPlan, RetryPlanned};
use crate::session::{AgentLinked, AgentStarted, Session};
use crate::workflow::{CancelRequested, Idle, Started, TakenUp, Tracker, TrackerSeen, Workflow};

/// A workflow to be started.
#[derive(Clone)]
pub struct NewWorkflow {
    /// The workflow run's id.
    pub workflow: String,
    /// The workflow's name.
    pub name: String,
    /// What the person asks for.
    pub prompt: String,
    /// The most turns, if it is looped.
    pub max_iterations: Option<u32>,
    /// Where its tracker is, if it is looped and not in the default place.
    pub tracker_path: Option<String>,
    /// What its agent may and may not do without a person being asked.
    pub rules: Vec<Rule>,
    /// Which of its turns are run again, if any.
    pub retry: Option<RetryPlan>,
}

impl Supervisor {
    /// A workflow is started.
    ///
    /// # Errors
    /// [`SuperviseError`]; nothing was written, unless the outcome is said to be unknown.
    pub fn start_workflow(&self, new: NewWorkflow, heard: Heard) -> Result<(), SuperviseError> {
        let session = self.session.clone();
        let workflow = new.workflow;
        let rules = self.rules_of(&workflow, new.rules, &heard)?;
        let tracker_path = new
            .max_iterations
            .map(|_| new.tracker_path.unwrap_or_else(|| format!(".athena/{session}/tracker.md")));
        let idle = self.load::<Workflow>(&workflow, &heard)?.at::<Idle>()?;
        let mut starting = idle.record(Started {
            session: session.clone(),
            workflow: workflow.clone(),
            name: new.name,
            prompt: new.prompt,
            max_iterations: new.max_iterations.unwrap_or(1),
            tracker_path: tracker_path.clone(),
        })?;
        if let Some(tracker_path) = tracker_path {
            // The skeleton is made where no file is.
            let tracker = match self.last_seen(&tracker_path)? {
                None | Some(Tracker::Missing) => Tracker::Skeleton,
                Some(tracker) => tracker,
            };
            let (session, workflow) = (session.clone(), workflow.clone());
            starting = starting.record(TrackerSeen { session, workflow, tracker_path, tracker })?;
        }
        let planned = self.retry_of(&workflow, new.retry, &heard)?;
        self.commit((starting, rules, planned), heard)
    }

    /// An imported workflow goes on here, with what no file of the program before holds: what the person
    /// asks for, its rules, and which of its turns are run again. All else is as it was imported.
    ///
    /// # Errors
    /// As [`start_workflow`](Self::start_workflow); also if it was not imported, or was taken up before.
    pub fn take_up(&self, new: NewWorkflow, heard: Heard) -> Result<(), SuperviseError> {
        let (session, id) = (self.session.clone(), new.workflow);
        let rules = self.rules_of(&id, new.rules, &heard)?;
        let planned = self.retry_of(&id, new.retry, &heard)?;
        let workflow = self.load::<Workflow>(&id, &heard)?;
        let taken_up = TakenUp { session, workflow: id, prompt: new.prompt };
        self.commit((workflow.record(taken_up)?, rules, planned), heard)
    }

    /// The rules of a workflow that is started, if it has any.
    fn rules_of(
        &self,
        workflow: &str,
        rules: Vec<Rule>,
        heard: &Heard,
    ) -> Result<Option<Aggregate<Permissions>>, SuperviseError> {
        if rules.is_empty() {
            return Ok(None);
        }
        let (session, workflow) = (self.session.clone(), workflow.to_owned());
        let permissions = self.load::<Permissions>(&workflow, heard)?;
        Ok(Some(permissions.record(RulesSet { session, workflow, rules })?))
    }

    /// Which turns of a workflow that is started are run again, if any.
    fn retry_of(
        &self,
        workflow: &str,
        plan: Option<RetryPlan>,
        heard: &Heard,
    ) -> Result<Option<Aggregate<Retry>>, SuperviseError> {
        let Some(plan) = plan else { return Ok(None) };
        let (session, workflow) = (self.session.clone(), workflow.to_owned());
        let retry = self.load::<Retry>(&workflow, heard)?;
        Ok(Some(retry.record(RetryPlanned { session, workflow, plan })?))
    }

    /// The tracker file was looked at; `None` is no file.
    ///
    /// # Errors
    /// As [`begin_turn`](Self::begin_turn); also if the workflow has no tracker.
    pub fn see_tracker(&self, content: Option<&str>, heard: Heard) -> Result<(), SuperviseError> {
        let workflow = self.workflow("a tracker", &heard)?;
        let plan = match workflow.state() {
            Workflow::Starting(state) => Some(&state.plan),
            Workflow::Running(state) => Some(&state.plan),
            _ => None,
        };
        let tracker_path = plan.and_then(|plan| plan.tracker_path.clone());
        let seen = TrackerSeen {
            session: self.session.clone(),
            workflow: workflow.stream().id().to_string(),
            tracker_path: tracker_path.ok_or(SuperviseError::NoTracker)?,
            tracker: Tracker::read(content),
        };
        self.commit(workflow.record(seen)?, heard)
    }

    /// The user cancels the workflow. It takes effect when the turn ends; [`next`](Self::next) says
    /// so if none is under way.
    ///
    /// # Errors
    /// As [`begin_turn`](Self::begin_turn).
    pub fn cancel(&self, heard: Heard) -> Result<(), SuperviseError> {
        let workflow = self.workflow("a cancellation", &heard)?;
        let cancelled = CancelRequested {
            session: self.session.clone(),
            workflow: workflow.stream().id().to_string(),
        };
        self.commit(workflow.record(cancelled)?, heard)
    }

    /// Somebody says to which workflow an agent session belongs.
    ///
    /// # Errors
    /// As [`start_workflow`](Self::start_workflow); also if the session was heard outside the turns
    /// of that workflow, or this supervisor's session has no such workflow.
    pub fn link(&self, agent: &str, workflow: &str, heard: Heard) -> Result<(), SuperviseError> {
        let owners = self.owners_of(agent)?;
        if !owners.is_empty() && !owners.iter().any(|owner| owner.as_deref() == Some(workflow)) {
            return Err(SuperviseError::LinkDisagrees {
                agent: agent.to_owned(),
                workflow: workflow.to_owned(),
                heard: owners.into_iter().flatten().next(),
            });
        }
        if self.beginning_of(workflow)?.is_none() {
            return Err(SuperviseError::UnknownWorkflow { workflow: workflow.to_owned() });
        }
        let linked = AgentLinked {
            session: self.session.clone(),
            workflow: workflow.to_owned(),
            agent: agent.to_owned(),
        };
        self.commit(self.load::<Session>(&self.session, &heard)?.record(linked)?, heard)
    }

    /// The session's workflow.
    pub(super) fn workflow(
        &self,
        what: &'static str,
        heard: &Heard,
    ) -> Result<Aggregate<Workflow>, SuperviseError> {
        let workflow = match self.load::<Session>(&self.session, heard)?.state() {
            Session::Interactive(state) => state.workflow.clone(),
            Session::Working(state) => Some(state.workflow.clone()),
        };
        self.load(&workflow.ok_or(SuperviseError::NoWorkflow { what })?, heard)
    }

    /// What a tracker said when it was last looked at.
    fn last_seen(&self, path: &str) -> Result<Option<Tracker>, SuperviseError> {
        let tags = vec![tag("session", &self.session)?, tag("tracker_path", path)?];
        let query = Query { items: vec![QueryItem { tags, ..QueryItem::default() }] };
        let mut seen = None;
        self.bus.store().visit(Read::log(query).backwards().page_of(1), |event| {
            seen = Some(event.decode::<TrackerSeen>()?.tracker);
            Ok::<_, SuperviseError>(ControlFlow::Break(()))
        })?;
        Ok(seen)
    }

    /// The workflows, or none, in whose turns an agent session was started.
    pub(super) fn owners_of(&self, agent: &str) -> Result<Vec<Option<String>>, SuperviseError> {
        let item = QueryItem {
            kinds: vec![Name::from_static(AgentStarted::KIND)?],
            tags: vec![tag("session", &self.session)?, tag("agent", agent)?],
            ..QueryItem::default()
        };
        let mut owners = Vec::new();
        self.bus.store().visit(Read::log(Query { items: vec![item] }), |event| {
            owners.push(event.decode::<AgentStarted>()?.workflow);
            Ok::<_, SuperviseError>(ControlFlow::Continue(()))
        })?;
        Ok(owners)
    }
}
