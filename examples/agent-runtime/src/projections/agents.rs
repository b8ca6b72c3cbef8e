//! `agents`: every agent session, since when it is there and for which workflow. The reference system
//! wrote it by hand, as `adapter_sessions`.

use serde::{Deserialize, Serialize};
use vitae::{Context, HandlerError, Projection, Rows};

use super::prefix;
use crate::import::AgentImported;
use crate::session::{AgentLinked, AgentStarted};
use crate::workflow::Tokens;

/// The view's name.
pub const VIEW: &str = "agents";

/// A row of the view.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct AgentRow {
    /// The agent session.
    pub agent: String,
    /// When it was first heard, in Unix milliseconds.
    pub started_at: i64,
    /// The workflow that it belongs to, if any.
    pub workflow: Option<String>,
    /// What it used, where that was told of the agent session and not of a turn.
    pub tokens: Tokens,
}

/// The projection.
#[must_use]
pub fn projection() -> Projection {
    Projection::new(VIEW)
        .on(|event: &AgentStarted, at, rows| {
            change(&event.session, &event.agent, at, rows, |row| {
                row.workflow = row.workflow.take().or_else(|| event.workflow.clone());
            })
        })
        .on(|event: &AgentLinked, at, rows| {
            change(&event.session, &event.agent, at, rows, |row| {
                row.workflow = Some(event.workflow.clone());
            })
        })
        .on(|event: &AgentImported, at, rows| {
            change(&event.session, &event.agent, at, rows, |row| {
                row.workflow.clone_from(&event.workflow);
                row.tokens = event.tokens;
            })
        })
}

/// Changes the row of an agent session, which begins with what is first heard of it.
fn change(
    session: &str,
    agent: &str,
    at: &Context,
    rows: &mut Rows<'_>,
    change: impl FnOnce(&mut AgentRow),
) -> Result<(), HandlerError> {
    let key = prefix(&[session, agent]);
    let mut row = rows.get(&key)?.unwrap_or_else(|| AgentRow {
        agent: agent.to_owned(),
        started_at: at.occurred_at().as_millis(),
        workflow: None,
        tokens: Tokens::default(),
    });
    change(&mut row);
    rows.put(key, &row)
}
