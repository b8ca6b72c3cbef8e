//! What is to be seen of a life besides its state: what its events say.
//!
//! Owns which of their fields are shown. Must never decide anything.

use serde::Serialize;
use vitae::lifecycle::Definition;
use vitae::store::EventRef;
use vitae::{DecodeError, Event, Lifecycle};

use super::{MOST, excerpt};
use crate::request::{
    Decision, PermissionAsked, PermissionDecided, Request, StopAsked, StopDecided,
};
use crate::run::{
    Counters, Joined, Place, RequestKind, RequestRaised, RequestSettled, Run, RunClosed, RunOpened,
    SubagentStarted, SubagentStopped, ToolFailed, ToolStarted,
};
use crate::session::{AgentStarted, BranchOver, Branched, Session};
use crate::workflow::{Ended, Imported, IterationCompleted, Started, TurnStarted, Workflow};

/// The longest text of a life that is shown, in characters. All of what a person decides on is told by
/// [`whole`](super::whole).
pub(super) const TEXT: usize = 2_000;

/// What is to be seen of the lives of a lifecycle.
pub trait Seen: Clone + Default {
    /// The lifecycle.
    const DEFINITION: &'static Definition;

    /// Takes the next event of the life, whose payload is there.
    ///
    /// # Errors
    /// [`DecodeError`] if the payload cannot be read; nothing has changed then.
    fn take(&mut self, event: &EventRef<'_>) -> Result<(), DecodeError>;
}

/// A session.
#[derive(Clone, Default, Debug, Serialize)]
pub struct SessionSeen {
    /// The agent session that started last; of a branch, the one that it was forked with.
    pub agent: Option<String>,
    /// The id of the stream of the run that forked it, if it is a branch.
    pub parent: Option<String>,
    /// Whether it is a branch that is over, joined or not.
    pub branch_over: bool,
}

/// A workflow.
#[derive(Clone, Default, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are those of `workflow_runs`")]
pub struct WorkflowSeen {
    pub session: String,
    pub name: String,
    pub prompt: String,
    pub status: &'static str,
    pub iteration: u32,
    pub max_iterations: u32,
    pub stop_reason: Option<String>,
    pub tokens: Option<u64>,
}

/// A run.
#[derive(Clone, Default, Debug, Serialize)]
pub struct RunSeen {
    /// The session.
    pub session: String,
    /// The workflow in whose turn it was opened, if any.
    pub workflow: Option<String>,
    /// Which run of the session, counted from 1.
    pub number: u32,
    /// Its public id.
    pub run_id: String,
    /// Why it was opened.
    pub trigger: &'static str,
    /// How it stands.
    pub status: &'static str,
    /// What was counted.
    pub counters: Counters,
    /// The subagents that were started and not yet stopped, the active one last.
    pub subagents: Vec<String>,
    /// The branches that were joined, the last ones of many, and what came of each.
    pub joined: Vec<(String, String)>,
}

/// A request.
#[derive(Clone, Default, Debug, Serialize)]
pub struct RequestSeen {
    /// The session.
    pub session: String,
    /// The request.
    pub request: String,
    /// The workflow in whose turn it was raised, if any.
    pub workflow: Option<String>,
    /// The run of the session that it was raised in, counted from 1.
    pub run: u32,
    /// Whether it is leave to stop that is asked for.
    #[serde(skip)]
    pub stop: bool,
    /// What is asked: leave to use this tool, or to `stop`.
    pub what: String,
    /// What the tool is given, or the last thing that the agent said.
    pub detail: String,
    /// Whether some of what is asked is left out of that.
    #[serde(skip)]
    pub cut: bool,
    /// What was decided, and by whom.
    pub decision: Option<String>,
}

impl Seen for SessionSeen {
    const DEFINITION: &'static Definition = Session::DEFINITION;

    fn take(&mut self, event: &EventRef<'_>) -> Result<(), DecodeError> {
        match event.kind() {
            AgentStarted::KIND => {
                self.agent = Some(excerpt(&event.decode::<AgentStarted>()?.agent, TEXT));
            }
            Branched::KIND => {
                let Branched { agent, parent, .. } = event.decode()?;
                (self.agent, self.parent) = (Some(excerpt(&agent, TEXT)), Some(parent));
            }
            BranchOver::KIND => self.branch_over = true,
            _ => {}
        }
        Ok(())
    }
}

impl Seen for WorkflowSeen {
    const DEFINITION: &'static Definition = Workflow::DEFINITION;

    fn take(&mut self, event: &EventRef<'_>) -> Result<(), DecodeError> {
        match event.kind() {
            Started::KIND => {
                let started: Started = event.decode()?;
                *self = Self {
                    session: started.session,
                    name: excerpt(&started.name, TEXT),
                    prompt: excerpt(&started.prompt, TEXT),
                    status: "running",
                    max_iterations: started.max_iterations,
                    ..Self::default()
                };
            }
            Imported::KIND => {
                let imported: Imported = event.decode()?;
                *self = Self {
                    session: imported.session,
                    name: excerpt(&imported.name.unwrap_or_default(), TEXT),
                    status: "running",
                    iteration: imported.iterations,
                    max_iterations: imported.max_iterations,
                    ..Self::default()
                };
            }
            TurnStarted::KIND => self.iteration = event.decode::<TurnStarted>()?.iteration,
            IterationCompleted::KIND => {
                self.tokens = event.decode::<IterationCompleted>()?.total.total;
            }
            Ended::KIND => {
                let outcome = event.decode::<Ended>()?.outcome;
                self.status = outcome.status.as_str();
                self.stop_reason = outcome.stop_reason.map(|reason| excerpt(&reason, TEXT));
            }
            _ => {}
        }
        Ok(())
    }
}

impl Seen for RunSeen {
    const DEFINITION: &'static Definition = Run::DEFINITION;

    fn take(&mut self, event: &EventRef<'_>) -> Result<(), DecodeError> {
        match event.kind() {
            RunOpened::KIND => {
                let opened: RunOpened = event.decode()?;
                let Place { session, workflow, run: number } = opened.place;
                let (run_id, trigger) = (excerpt(&opened.run_id, TEXT), opened.trigger.as_str());
                let status = "running";
                *self =
                    Self { session, workflow, number, run_id, trigger, status, ..Self::default() };
            }
            ToolStarted::KIND => self.counters.tool_uses += 1,
            ToolFailed::KIND => self.counters.tool_failures += 1,
            RequestRaised::KIND => {
                let permission = event.decode::<RequestRaised>()?.kind == RequestKind::Permission;
                self.counters.permission_requests += u64::from(permission);
            }
            RequestSettled::KIND => {
                self.counters.blocks += u64::from(event.decode::<RequestSettled>()?.blocked);
            }
            SubagentStarted::KIND => {
                let started = event.decode::<SubagentStarted>()?.subagent;
                push(&mut self.subagents, excerpt(&started, TEXT));
            }
            SubagentStopped::KIND => {
                let stopped = excerpt(&event.decode::<SubagentStopped>()?.subagent, TEXT);
                self.subagents.retain(|subagent| *subagent != stopped);
            }
            Joined::KIND => {
                let Joined { branch, result, .. } = event.decode()?;
                push(&mut self.joined, (branch, excerpt(&result, TEXT)));
            }
            RunClosed::KIND => self.status = event.decode::<RunClosed>()?.status.as_str(),
            _ => {}
        }
        Ok(())
    }
}

/// Adds to a list of which only the last ones are shown.
fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() >= MOST {
        list.remove(0);
    }
    list.push(item);
}

impl Seen for RequestSeen {
    const DEFINITION: &'static Definition = Request::DEFINITION;

    fn take(&mut self, event: &EventRef<'_>) -> Result<(), DecodeError> {
        match event.kind() {
            PermissionAsked::KIND => {
                let PermissionAsked { place, request, tool } = event.decode()?;
                *self = Self::asked(place, request, &tool.name, &tool.input);
            }
            StopAsked::KIND => {
                let StopAsked { place, request, message, .. } = event.decode()?;
                let detail = message.unwrap_or_default();
                *self = Self { stop: true, ..Self::asked(place, request, "stop", &detail) };
            }
            PermissionDecided::KIND => {
                let decided: PermissionDecided = event.decode()?;
                self.decision = Some(said(&decided.source, &decided.decision));
            }
            StopDecided::KIND => {
                let decided: StopDecided = event.decode()?;
                self.decision = Some(said(&decided.source, &decided.decision));
            }
            _ => {}
        }
        Ok(())
    }
}

impl RequestSeen {
    fn asked(place: Place, request: String, what: &str, detail: &str) -> Self {
        let Place { session, workflow, run } = place;
        let seen = (excerpt(what, TEXT), excerpt(detail, TEXT));
        let cut = (seen.0.as_str(), seen.1.as_str()) != (what, detail);
        let (what, detail) = seen;
        Self { session, request, workflow, run, what, detail, cut, ..Self::default() }
    }
}

fn said(source: &str, decision: &Decision) -> String {
    let (outcome, reason) = match decision {
        Decision::Allow => ("allowed", None),
        Decision::Deny { reason } => ("denied", reason.as_deref()),
        Decision::NoOpinion { reason } => ("no opinion", Some(reason.as_str())),
    };
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    excerpt(&format!("{outcome} by {source}{reason}"), TEXT)
}
