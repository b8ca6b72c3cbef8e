//! Showing what is in a store.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use agent_runtime::context::{self, RequestContext};
use agent_runtime::projections::{feed, prefix, runs, workflow_runs};
use agent_runtime::request::Decision;
use agent_runtime::session::Session;
use agent_runtime::workflow::Tokens;
use serde_json::{Value, json};
use vitae::store::{EventRef, EventStore, Query, Read};
use vitae::{Catalog, CatalogError, Lifecycle, Name, Timestamp, tag};
use vitae_sqlite::SqliteStore;

use super::output::{Output, maybe};
use super::{Failure, Listing};

pub(super) fn workflows(listing: &Listing) -> Result<(), Failure> {
    let bus = listing.bus()?;
    let view = bus.view::<workflow_runs::WorkflowRun>(workflow_runs::VIEW)?;
    let mut rows = Vec::new();
    for row in view.scan(session_prefix(&[], listing)) {
        rows.push(row?.1);
    }
    rows.sort_by_key(|row| row.started_at);
    let columns = [
        "workflow",
        "name",
        "session",
        "status",
        "iteration",
        "stop reason",
        "started",
        "tokens",
    ];
    let mut output = Output::new(listing.json, &columns);
    for row in rows {
        let json = || {
            json!({
                "run_id": row.run_id,
                "session_id": row.session_id,
                "workflow_name": row.workflow_name,
                "status": row.status.as_str(),
                "iteration": row.iteration,
                "max_iterations": row.max_iterations,
                "stop_reason": row.stop_reason,
                "tracker_path": row.tracker_path,
                "started_at": row.started_at,
                "ended_at": row.ended_at,
                "tokens": tokens(row.tokens),
            })
        };
        let started = Timestamp::from_millis(row.started_at);
        output.row(json, || {
            vec![
                row.run_id.clone(),
                row.workflow_name.clone(),
                row.session_id.clone(),
                row.status.as_str().to_owned(),
                format!("{} of {}", row.iteration, row.max_iterations),
                maybe(row.stop_reason.clone()),
                maybe(started.map(time_of_day)),
                maybe(row.tokens.total),
            ]
        })?;
    }
    output.end()
}

fn tokens(tokens: Tokens) -> Value {
    json!({
        "input": tokens.input,
        "output": tokens.output,
        "cacheRead": tokens.cache_read,
        "cacheWrite": tokens.cache_write,
        "total": tokens.total,
        "contextSize": tokens.context_size,
        "contextWindowSize": tokens.context_window_size,
    })
}

pub(super) fn runs(listing: &Listing) -> Result<(), Failure> {
    let bus = listing.bus()?;
    let view = bus.view::<runs::RunRow>(runs::VIEW)?;
    let columns = [
        "run",
        "trigger",
        "status",
        "tool uses",
        "failures",
        "permissions",
        "blocks",
    ];
    let mut output = Output::new(listing.json, &columns);
    for row in view.scan(session_prefix(&[], listing)) {
        let row = row?.1;
        let counters = row.counters;
        let json = || {
            json!({
                "run_id": row.run_id,
                "trigger": row.trigger.as_str(),
                "status": row.status.as_str(),
                "counters": {
                    "tool_uses": counters.tool_uses,
                    "tool_failures": counters.tool_failures,
                    "permission_requests": counters.permission_requests,
                    "blocks": counters.blocks,
                },
            })
        };
        output.row(json, || {
            vec![
                row.run_id.clone(),
                row.trigger.as_str().to_owned(),
                row.status.as_str().to_owned(),
                counters.tool_uses.to_string(),
                counters.tool_failures.to_string(),
                counters.permission_requests.to_string(),
                counters.blocks.to_string(),
            ]
        })?;
    }
    output.end()
}

pub(super) fn feed(listing: &Listing) -> Result<(), Failure> {
    let bus = listing.bus()?;
    let view = bus.view::<feed::FeedLine>(feed::VIEW)?;
    let mut output = Output::new(listing.json, &["#", "kind", "run", "who", "answers"]);
    for row in view.scan(session_prefix(&[feed::LINES], listing)) {
        let line = row?.1;
        let json = || {
            json!({
                "seq": line.seq,
                "kind": line.kind,
                "run_id": line.run_id,
                "actor_id": line.actor_id,
                "parent": line.parent,
            })
        };
        output.row(json, || {
            let (seq, parent) = (line.seq.to_string(), maybe(line.parent.clone()));
            vec![
                seq,
                line.kind.clone(),
                line.run_id.clone(),
                line.actor_id.clone(),
                parent,
            ]
        })?;
    }
    output.end()
}

pub(super) fn context(request: &str, listing: &Listing) -> Result<(), Failure> {
    let store = SqliteStore::open_read_only(&listing.db)?;
    let session = match &listing.session {
        Some(session) => session.clone(),
        None => only_session(&store)?,
    };
    let context = context::of_request(&store, &session, request)?;
    let mut out = std::io::stdout().lock();
    if listing.json {
        writeln!(out, "{}", context_json(&context))?;
        return Ok(());
    }
    for (name, value) in context_cells(&context) {
        writeln!(out, "{name:>10}  {value}")?;
    }
    Ok(())
}

/// The session of a store that has one.
fn only_session(store: &dyn EventStore) -> Result<String, Failure> {
    let category = Name::from_static(Session::DEFINITION.name)?;
    match store.streams(&category, None, 2)?.as_slice() {
        [] => Err("the store has no session yet".into()),
        [session] => Ok(session.id().to_string()),
        _ => Err("the store has several sessions; say which with --session".into()),
    }
}

fn context_json(context: &RequestContext) -> Value {
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
pub(super) fn context_cells(context: &RequestContext) -> Vec<(&'static str, String)> {
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
        (
            "request",
            format!("{} in session {}", context.request, context.session),
        ),
        (
            "tool",
            format!("{} {}", context.tool.name, context.tool.input),
        ),
        ("run", context.run.clone()),
    ];
    match &context.workflow {
        None => cells.push((
            "workflow",
            "none: it was asked outside any workflow".to_owned(),
        )),
        Some(workflow) => {
            let state = workflow.state.to_lowercase();
            let (turn, turns) = (workflow.iteration, workflow.max_iterations);
            cells.push(("workflow", format!("{} ({})", workflow.name, workflow.id)));
            cells.push(("state", format!("{state}, iteration {turn} of {turns}")));
            cells.push(("now", workflow.state_now.to_lowercase()));
        }
    }
    cells.push(("decision", decision));
    let pending = context.pending.join(", ");
    cells.push((
        "pending",
        if pending.is_empty() {
            "nothing".to_owned()
        } else {
            pending
        },
    ));
    cells
}

pub(super) fn log(listing: &Listing) -> Result<(), Failure> {
    let store = SqliteStore::open_read_only(&listing.db)?;
    let catalog = Catalog::load(&store)?;
    let query = match &listing.session {
        Some(session) => Query::tag(tag("session", session)?),
        None => Query::all(),
    };
    let mut output = Output::new(
        listing.json,
        &["position", "time", "stream", "event", "payload"],
    );
    let store: &dyn EventStore = &store;
    store.visit(Read::log(query), |event| -> Result<_, Failure> {
        let payload = match catalog.render(event) {
            Ok(value) => serde_json::to_value(value)?,
            Err(CatalogError::Erased(_)) => Value::Null,
            Err(error) => return Err(error.into()),
        };
        output.row(
            || event_json(event, &payload),
            || {
                vec![
                    event.position().to_string(),
                    time_of_day(event.occurred_at()),
                    format!("{}/{}", event.category(), event.stream()),
                    event.kind().to_owned(),
                    payload.to_string(),
                ]
            },
        )?;
        Ok(ControlFlow::Continue(()))
    })?;
    output.end()
}

fn event_json(event: &EventRef<'_>, payload: &Value) -> Value {
    json!({
        "position": event.position().get(),
        "category": event.category(),
        "stream": event.stream(),
        "version": event.version().get(),
        "kind": event.kind(),
        "kind_version": event.kind_version().get(),
        "id": event.id().to_string(),
        "occurred_at": event.occurred_at().as_millis(),
        "recorded_at": event.recorded_at().as_millis(),
        "correlation": event.correlation().to_string(),
        "causation": event.causation().map(|id| id.to_string()),
        "tags": event.tags().collect::<Vec<_>>(),
        "metadata": event.metadata().collect::<std::collections::BTreeMap<_, _>>(),
        "payload": payload,
    })
}

pub(super) fn rebuild(db: &Path) -> Result<(), Failure> {
    let bus = agent_runtime::bus(Arc::new(SqliteStore::open_existing(db)?))?;
    let mut out = std::io::stdout().lock();
    for view in [workflow_runs::VIEW, runs::VIEW, feed::VIEW] {
        let rebuilt = bus.rebuild(view)?;
        writeln!(
            out,
            "{view}: {} rows, {} changed",
            rebuilt.rows, rebuilt.changed
        )?;
    }
    Ok(())
}

/// The time of day in UTC, to the millisecond.
fn time_of_day(at: Timestamp) -> String {
    at.to_string().get(11..23).unwrap_or_default().to_owned()
}

fn session_prefix(first: &[&str], listing: &Listing) -> Vec<u8> {
    let texts: Vec<&str> = first
        .iter()
        .copied()
        .chain(listing.session.as_deref())
        .collect();
    prefix(&texts)
}
