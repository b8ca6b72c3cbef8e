//! What happens to a session, as it stands in the log.

use serde::{Deserialize, Serialize};
use vitae::Event;

/// A workflow was started in the session.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.workflow_began", tag = session, tag = workflow)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct WorkflowBegan {
    pub session: String,
    pub workflow: String,
}

/// The session's workflow has ended.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.workflow_over", tag = session, tag = workflow)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct WorkflowOver {
    pub session: String,
    pub workflow: String,
}

/// A turn of a workflow began.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.turn_began", tag = session, tag = workflow)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct TurnBegan {
    pub session: String,
    pub workflow: String,
}

/// The turn is over.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.turn_over", tag = session, tag = workflow)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct TurnOver {
    pub session: String,
    pub workflow: String,
}

/// The session is a branch: a run of another session forked it.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.branched", tag = session, tag = agent)]
pub struct Branched {
    /// The session of the branch.
    pub session: String,
    /// Its agent session.
    pub agent: String,
    /// The id of the stream of the run that forked it.
    pub parent: String,
    /// How many forks deep it is, counted from 1.
    pub depth: u32,
}

/// The branch has come to its end, joined or not. What it still does, it does for nobody.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.branch_over", tag = session)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct BranchOver {
    pub session: String,
}

/// An agent session is on the line.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.agent_started", tag = session, tag = workflow, tag = agent, tag = hook)]
pub struct AgentStarted {
    /// The session.
    pub session: String,
    /// The workflow whose turn it is.
    pub workflow: Option<String>,
    /// The agent session.
    pub agent: String,
    /// The hook that said so.
    pub hook: String,
    /// `startup`, `resume`, `clear` or `compact`.
    pub source: String,
    /// The model that the agent uses.
    pub model: Option<String>,
}

/// An agent session has ended.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.agent_ended", tag = session, tag = workflow, tag = agent, tag = hook)]
pub struct AgentEnded {
    /// The session.
    pub session: String,
    /// The workflow whose turn it is.
    pub workflow: Option<String>,
    /// The agent session.
    pub agent: String,
    /// The hook that said so.
    pub hook: String,
    /// Why, as the agent says it.
    pub reason: String,
}

/// It was confirmed that an agent session belongs to a workflow.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.agent_linked", tag = session, tag = workflow, tag = agent)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct AgentLinked {
    pub session: String,
    pub workflow: String,
    pub agent: String,
}

/// A run was opened in the session.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.run_noted", tag = session)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct RunNoted {
    pub session: String,
    pub run: u32,
}

/// The session's open run was closed.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.run_over", tag = session)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct RunOver {
    pub session: String,
    pub run: u32,
}

/// A hook of a kind that the supervisor does not know. Kept as it came.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.hook_unknown", tag = session, tag = workflow, tag = hook)]
pub struct HookUnknown {
    /// The session.
    pub session: String,
    /// The workflow whose turn it is.
    pub workflow: Option<String>,
    /// The hook.
    pub hook: String,
    /// Its `hook_event_name`.
    pub name: String,
    /// The whole of it, as JSON text.
    pub json: String,
}

/// A decision that came too late, or for what needs none.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.decision_ignored", tag = session, tag = request)]
pub struct DecisionIgnored {
    /// The session.
    pub session: String,
    /// The request that it was for.
    pub request: String,
    /// Who decided.
    pub source: String,
    /// Why it changes nothing.
    pub why: String,
}
