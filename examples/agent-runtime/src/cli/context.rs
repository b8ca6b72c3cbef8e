//! `context`: one permission request and everything around it.

use std::error::Error;
use std::io::{self, Write};

use agent_runtime::branches::is_branch_of;
use agent_runtime::context::{self, ContextError, RequestContext};
use agent_runtime::request::Decision;
use agent_runtime::session::Session;
use agent_runtime::supervisor::Supervisor;
use agent_runtime::workflow::Workflow;
use serde_json::{Value, json};
use vitae::store::EventStore;
use vitae::{Bus, Lifecycle, Name};

use super::output::maybe;
use super::{Failure, Listing};

/// How many sessions are looked at.
const SESSIONS: usize = 1_000;

/// What is around a request, and how it is there now.
pub(super) struct Shown {
    context: RequestContext,
    /// The state of the workflow.
    state: Option<&'static str>,
    /// What still waits for somebody in the session, the oldest first.
    pending: Vec<String>,
}

impl Shown {
    /// One read for the context; the others are about now.
    pub(super) fn of(bus: &Bus, session: &str, request: &str) -> Result<Self, Failure> {
        let context = context::of_request(bus.store().as_ref(), session, request)?;
        let state = match &context.place.workflow {
            Some(workflow) => Some(bus.load::<Workflow>(workflow)?.state().state().name),
            None => None,
        };
        let pending = Supervisor::new(bus.clone(), session.to_owned()).pending()?;
        let pending = pending.into_iter().map(|row| row.request).collect();
        Ok(Self { context, state, pending })
    }
}

pub(super) fn context(request: &str, listing: &Listing) -> Result<(), Failure> {
    let bus = listing.bus()?;
    let session = match &listing.session {
        Some(session) => session.clone(),
        None => only_session(bus.store().as_ref())?,
    };
    // Mostly it is the session's own; else perhaps one of a branch, whose name nobody needs to know.
    let shown = match Shown::of(&bus, &session, request) {
        Err(unknown) if is_unknown(unknown.as_ref()) => {
            let branch = Supervisor::new(bus.clone(), session).of_request(request)?;
            Shown::of(&bus, branch.session(), request)?
        }
        shown => shown?,
    };
    let mut out = io::stdout().lock();
    if listing.json {
        writeln!(out, "{}", json_of(&shown))?;
        return Ok(());
    }
    for (name, value) in cells(&shown) {
        writeln!(out, "{name:>10}  {value}")?;
    }
    Ok(())
}

fn is_unknown(failure: &(dyn Error + 'static)) -> bool {
    matches!(failure.downcast_ref(), Some(ContextError::Unknown { .. }))
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

fn json_of(shown: &Shown) -> Value {
    let Shown { context, state, pending } = shown;
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
        "session": context.place.session,
        "tool": context.tool.name,
        "tool_use_id": context.tool.use_id,
        "tool_input": context.tool.input_shown(),
        "run": context.run,
        "workflow": context.place.workflow,
        "workflow_name": workflow.map(|workflow| &workflow.name),
        "state": workflow.map(|workflow| workflow.state.to_lowercase()),
        "iteration": workflow.map(|workflow| workflow.iteration),
        "max_iterations": workflow.map(|workflow| workflow.max_iterations),
        "state_now": state.map(str::to_lowercase),
        "rule": context.rule,
        "decision": decision,
        "lapsed": context.lapsed,
        "pending": pending,
    })
}

/// The context as names and values for a person.
pub(super) fn cells(shown: &Shown) -> Vec<(&'static str, String)> {
    let Shown { context, state: now, pending } = shown;
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
        ("request", format!("{} in session {}", context.request, context.place.session)),
        ("tool", format!("{} {}", context.tool.name, context.tool.input)),
        ("run", context.run.clone()),
    ];
    match (&context.workflow, &context.place.workflow) {
        (Some(workflow), Some(id)) => {
            let state = workflow.state.to_lowercase();
            let turns = workflow.max_iterations;
            let turn = workflow.iteration.map_or_else(|| "?".to_owned(), |turn| turn.to_string());
            cells.push(("workflow", format!("{} ({id})", workflow.name)));
            cells.push(("state", format!("{state}, iteration {turn} of {turns}")));
            cells.push(("now", maybe(now.map(str::to_lowercase))));
        }
        _ => cells.push(("workflow", "none: it was asked outside any workflow".to_owned())),
    }
    if let Some(rule) = &context.rule {
        cells.push(("rule", rule.clone()));
    }
    cells.push(("decision", decision));
    let pending = pending.join(", ");
    cells.push(("pending", if pending.is_empty() { "nothing".to_owned() } else { pending }));
    cells
}
