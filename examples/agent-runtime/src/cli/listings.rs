//! The read models, as tables or JSON lines.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use agent_runtime::projections::{agents, feed, pending, prefix, runs, workflow_runs};
use agent_runtime::workflow::{Status, Tokens, Workflow};
use serde_json::{Value, json};
use vitae::{Bus, Timestamp};

use super::output::{Output, maybe, time_of_day};
use super::{Failure, Listing};

pub(super) fn workflows(listing: &Listing) -> Result<(), Failure> {
    let bus = listing.bus()?;
    let view = bus.view::<workflow_runs::WorkflowRun>(workflow_runs::VIEW)?;
    let mut rows = Vec::new();
    for row in view.scan(session_prefix(&[], listing)) {
        rows.push(row?.1);
    }
    rows.sort_by_key(|row| row.started_at);
    let columns =
        ["workflow", "name", "session", "status", "iteration", "stop reason", "started", "tokens"];
    let mut output = Output::new(listing.json, &columns);
    for row in rows {
        let awaits = what_it_awaits(&bus, &row)?;
        let json = || {
            json!({
                "run_id": row.run_id,
                "session_id": row.session_id,
                "workflow_name": row.workflow_name,
                "status": row.status.as_str(),
                "iteration": row.iteration,
                "max_iterations": row.max_iterations,
                "stop_reason": row.stop_reason,
                "awaits": awaits,
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
                maybe(row.workflow_name.clone()),
                row.session_id.clone(),
                match &awaits {
                    Some(reason) => format!("awaits attention: {reason}"),
                    None => row.status.as_str().to_owned(),
                },
                format!("{} of {}", row.iteration, row.max_iterations),
                maybe(row.stop_reason.clone()),
                maybe(started.map(time_of_day)),
                maybe(row.tokens.total),
            ]
        })?;
    }
    output.end()
}

/// What a workflow waits for that somebody is to look after. The table of the program that this one
/// rebuilds has no such status, so the workflow itself is asked.
fn what_it_awaits(bus: &Bus, row: &workflow_runs::WorkflowRun) -> Result<Option<String>, Failure> {
    if row.status != Status::Running {
        return Ok(None);
    }
    Ok(match bus.load::<Workflow>(&row.run_id)?.state() {
        Workflow::AwaitingAttention(state) => Some(state.reason.clone()),
        _ => None,
    })
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
    let columns = ["run", "trigger", "status", "tool uses", "failures", "permissions", "blocks"];
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
            vec![seq, line.kind.clone(), line.run_id.clone(), line.actor_id.clone(), parent]
        })?;
    }
    output.end()
}

pub(super) fn rebuild(db: &Path) -> Result<(), Failure> {
    let bus = agent_runtime::bus(Arc::new(agent_runtime::store_options().open_existing(db)?))?;
    let mut out = io::stdout().lock();
    for view in [workflow_runs::VIEW, runs::VIEW, feed::VIEW, agents::VIEW, pending::VIEW] {
        let rebuilt = bus.rebuild(view)?;
        writeln!(out, "{view}: {} rows, {} changed", rebuilt.rows, rebuilt.changed)?;
    }
    Ok(())
}

fn session_prefix(first: &[&str], listing: &Listing) -> Vec<u8> {
    let texts: Vec<&str> = first.iter().copied().chain(listing.session.as_deref()).collect();
    prefix(&texts)
}
