//! What a session's file says that nothing heard live does, as it stands in the log.

use serde::{Deserialize, Serialize};
use vitae::Event;

use crate::workflow::Tokens;

/// A session of the reference system is taken over from its file.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.imported", tag = session)]
pub struct SessionImported {
    /// The session: its id in the file.
    pub session: String,
    /// Where its agents worked.
    pub project: String,
    /// What a person called it.
    pub label: Option<String>,
}

/// What the file of the reference system says of an agent session besides its hooks.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.agent_imported", tag = session, tag = workflow, tag = agent)]
pub struct AgentImported {
    /// The session.
    pub session: String,
    /// The workflow that it was linked to.
    pub workflow: Option<String>,
    /// The agent session: its id in the file.
    pub agent: String,
    /// What it used.
    pub tokens: Tokens,
}

/// A decision is taken over, with the line of the feed that is all that the file has of it.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.decision_imported", tag = session, tag = request)]
pub struct DecisionImported {
    /// The session.
    pub session: String,
    /// The request that was decided.
    pub request: String,
    /// The line: its id in the file.
    pub line: String,
}

/// A row of the reference system's file that nobody understands here. Kept as it is.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "session.row_kept", tag = session)]
pub struct RowKept {
    /// The session.
    pub session: String,
    /// The row's table.
    pub table: String,
    /// The row's id in the table.
    pub row: String,
    /// What is not understood.
    pub why: String,
    /// The whole of it, as JSON text.
    pub json: String,
}
