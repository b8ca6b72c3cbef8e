//! What happens in a run, as it stands in the log.

use serde::{Deserialize, Serialize};
use vitae::Event;

use super::{Actor, Place, RequestKind, RunStatus, Tool, Trigger};

/// A run was opened.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.opened", tag = place.session, tag = place.workflow, tag = hook)]
pub struct RunOpened {
    /// Where.
    pub place: Place,
    /// The hook that opened it.
    pub hook: String,
    /// The run's public id: the agent session and the number.
    pub run_id: String,
    /// The agent session that is on the line.
    pub agent: String,
    /// Why.
    pub trigger: Trigger,
}

/// A person, or a workflow, prompted the agent.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.prompted", tag = place.session, tag = place.workflow, tag = hook)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct Prompted {
    pub place: Place,
    pub hook: String,
    pub prompt: String,
}

/// The agent is about to use a tool.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.tool_started", tag = place.session, tag = place.workflow, tag = hook)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct ToolStarted {
    pub place: Place,
    pub hook: String,
    pub actor: Actor,
    pub tool: Tool,
}

/// A tool has done its work.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.tool_finished", tag = place.session, tag = place.workflow, tag = hook)]
pub struct ToolFinished {
    /// Where.
    pub place: Place,
    /// The hook that said so.
    pub hook: String,
    /// Who used it.
    pub actor: Actor,
    /// The tool.
    pub tool: Tool,
    /// What it answered, as JSON text.
    pub response: String,
}

/// A tool has failed.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.tool_failed", tag = place.session, tag = place.workflow, tag = hook)]
pub struct ToolFailed {
    /// Where.
    pub place: Place,
    /// The hook that said so.
    pub hook: String,
    /// Who used it.
    pub actor: Actor,
    /// The tool.
    pub tool: Tool,
    /// What it said.
    pub error: String,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// The agent started a subagent, which is now the active one.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.subagent_started", tag = place.session, tag = place.workflow, tag = hook)]
pub struct SubagentStarted {
    /// Where.
    pub place: Place,
    /// The hook that said so.
    pub hook: String,
    /// The subagent's id.
    pub subagent: String,
    /// What kind of subagent it is.
    pub kind: String,
}

/// A subagent has stopped.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.subagent_stopped", tag = place.session, tag = place.workflow, tag = hook)]
pub struct SubagentStopped {
    /// Where.
    pub place: Place,
    /// The hook that said so.
    pub hook: String,
    /// The subagent's id.
    pub subagent: String,
    /// The last thing it said.
    pub message: Option<String>,
}

/// The agent wants to be noticed.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.notified", tag = place.session, tag = place.workflow, tag = hook)]
pub struct Notified {
    /// Where.
    pub place: Place,
    /// The hook that said so.
    pub hook: String,
    /// What it says.
    pub message: String,
    /// What kind of notification it is.
    pub kind: Option<String>,
}

/// The agent is about to compact its context.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.compacting", tag = place.session, tag = place.workflow, tag = hook)]
pub struct Compacting {
    /// Where.
    pub place: Place,
    /// The hook that said so.
    pub hook: String,
    /// `auto` or `manual`.
    pub trigger: String,
}

/// A request was raised in the run.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.request_raised", tag = place.session, tag = place.workflow, tag = request)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct RequestRaised {
    pub place: Place,
    pub request: String,
    pub kind: RequestKind,
}

/// A request of the run was decided while the run was open.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.request_settled", tag = place.session, tag = place.workflow, tag = request)]
pub struct RequestSettled {
    /// Where.
    pub place: Place,
    /// The request.
    pub request: String,
    /// Whether the decision keeps the agent from stopping.
    pub blocked: bool,
}

/// The run forked a branch: an agent session of its own, whose runs are the run's children.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.forked", tag = place.session, tag = place.workflow, tag = branch)]
pub struct Forked {
    /// Where.
    pub place: Place,
    /// The session of the branch.
    pub branch: String,
    /// Its agent session.
    pub agent: String,
    /// What its agent is asked for.
    pub prompt: String,
}

/// A branch of the run has come to a result.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.joined", tag = place.session, tag = place.workflow, tag = branch)]
pub struct Joined {
    /// Where.
    pub place: Place,
    /// The session of the branch.
    pub branch: String,
    /// What came of it.
    pub result: String,
}

/// The run was closed.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.closed", tag = place.session, tag = place.workflow)]
pub struct RunClosed {
    /// Where.
    pub place: Place,
    /// The agent session that is on the line now.
    pub agent: String,
    /// How it ended.
    pub status: RunStatus,
}
