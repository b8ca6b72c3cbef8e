//! `context`: one permission request and everything around it.

use std::io::{self, Write};

use agent_runtime::branches::is_branch_of;
use agent_runtime::context::{self, RequestContext};
use agent_runtime::request::Decision;
use agent_runtime::session::Session;
use serde_json::{Value, json};
use vitae::store::EventStore;
use vitae::{Lifecycle, Name};
use vitae_sqlite::SqliteStore;

use super::output::maybe;
use super::{Failure, Listing};

/// How many sessions are looked at.
const SESSIONS: usize = 1_000;

pub(super) fn context(request: &str, listing: &Listing) -> Result<(), Failure> {
    let store = SqliteStore::open_read_only(&listing.db)?;
    let session = match &listing.session {
        Some(session) => session.clone(),
        None => only_session(&store)?,
    };
    let context = context::of_request(&store, &session, request)?;
    let mut out = io::stdout().lock();
    if listing.json {
        writeln!(out, "{}", json_of(&context))?;
        return Ok(());
    }
    for (name, value) in cells(&context) {
        writeln!(out, "{name:>10}  {value}")?;
    }
    Ok(())
}

/// The session of a store that has one, besides its branches.
pub(super) fn only_session(store: &dyn EventStore) -> Result<String, Failure> {
    let category = Name::from_static(Session::DEFINITION.name)?;
    let mut sessions = store.streams(&category, None, SESSIONS)?.into_iter();
    let Some(first) = sessions.next() else {
        return Err("the store has no session yet".into());
    };
    let first = first.id().as_str();
    if sessions.any(|session| !is_branch_of(session.id().as_str(), first)) {
        return Err("the store has several sessions; say which with --session".into());
    }
    Ok(first.to_owned())
}

fn json_of(context: &RequestContext) -> Value {
    let workflow = context.workflow.as_ref();
    let decision = context.decision.as_ref().map(|(source, decision)| {
        let (outcome, reason) = match decision {
            Decision::Allow => ("allow", None),
            Decision::Deny { reason } => ("deny", reason.as_deref()),
            Decision::NoOpinion { reason } => ("no_opinion", Some(reason.as_str())),
        };
        json!({ "source": source, "outcome": outcome, "reason": reason })
    });
    json!({
        "request": context.request,
        "session": context.session,
        "tool": context.tool.name,
        "tool_use_id": context.tool.use_id,
        "tool_input": serde_json::from_str::<Value>(&context.tool.input).unwrap_or(Value::Null),
        "run": context.run,
        "workflow": workflow.map(|workflow| &workflow.id),
        "workflow_name": workflow.map(|workflow| &workflow.name),
        "state": workflow.map(|workflow| workflow.state.to_lowercase()),
        "iteration": workflow.map(|workflow| workflow.iteration),
        "max_iterations": workflow.map(|workflow| workflow.max_iterations),
        "state_now": workflow.map(|workflow| workflow.state_now.to_lowercase()),
        "decision": decision,
        "lapsed": context.lapsed,
        "pending": context.pending,
    })
}

/// The context as names and values for a person.
pub(super) fn cells(context: &RequestContext) -> Vec<(&'static str, String)> {
    let decision = match &context.decision {
        Some((source, Decision::Allow)) => format!("allowed by {source}"),
        Some((source, Decision::Deny { reason })) => {
            format!("denied by {source}: {}", maybe(reason.clone()))
        }
        Some((source, Decision::NoOpinion { reason })) => {
            format!("no opinion from {source}: {reason}")
        }
        None if context.lapsed => "nobody decided before a further run opened".to_owned(),
        None => "still open".to_owned(),
    };
    let mut cells = vec![
        ("request", format!("{} in session {}", context.request, context.session)),
        ("tool", format!("{} {}", context.tool.name, context.tool.input)),
        ("run", context.run.clone()),
    ];
    match &context.workflow {
        None => cells.push(("workflow", "none: it was asked outside any workflow".to_owned())),
        Some(workflow) => {
            let state = workflow.state.to_lowercase();
            let turns = workflow.max_iterations;
            let turn = workflow.iteration.map_or_else(|| "?".to_owned(), |turn| turn.to_string());
            cells.push(("workflow", format!("{} ({})", workflow.name, workflow.id)));
            cells.push(("state", format!("{state}, iteration {turn} of {turns}")));
            cells.push(("now", workflow.state_now.to_lowercase()));
        }
    }
    cells.push(("decision", decision));
    let pending = context.pending.join(", ");
    cells.push(("pending", if pending.is_empty() { "nothing".to_owned() } else { pending }));
    cells
}
