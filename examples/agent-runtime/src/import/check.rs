//! Whether the log says what the file says.
//!
//! Owns the comparison, row by row, of the tables that the reference system wrote with the projections,
//! computed anew from the log. Changes no event.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use vitae::store::ReadError;
use vitae::{Bus, InvalidName, RebuildError};

use super::legacy::Legacy;
use super::row::Misfit;
use super::steps::commit_of;
use super::tables::FeedRow;
use crate::projections::{agents, feed, prefix, runs, workflow_runs};
use crate::run::Counters;
use crate::workflow::Tokens;

/// A row that the file and the log disagree about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The row's table in the file.
    pub table: String,
    /// The row: its id, or its number in the feed.
    pub row: String,
    /// What differs.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table `{}`, row `{}`: {}", self.table, self.row, self.what)
    }
}

/// Why file and log could not be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// A projection could not be computed anew.
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    /// The name of a view is not valid.
    #[error("the name of a view is not valid")]
    Name(#[from] InvalidName),
    /// Rows could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// What a table and a projection have in common: columns by name, rows by id or number.
type Rows<K> = BTreeMap<K, Value>;

/// Computes the projections anew, and lists every row in which they are not what the file holds.
///
/// # Errors
/// [`CheckError`] if they cannot be computed or read.
pub fn check(bus: &Bus, legacy: &Legacy) -> Result<Vec<Difference>, CheckError> {
    for view in [workflow_runs::VIEW, agents::VIEW, runs::VIEW, feed::VIEW] {
        bus.rebuild(view)?;
    }
    let mut differences = Vec::new();
    let workflows = (workflows_of_file(legacy), workflows_of_log(bus, legacy)?);
    compare("workflow_runs", &workflows.0, &workflows.1, &mut differences);
    let agents = (agents_of_file(legacy), agents_of_log(bus, legacy)?);
    compare("adapter_sessions", &agents.0, &agents.1, &mut differences);
    let feed = (feed_of_file(legacy, &mut differences), feed_of_log(bus, legacy)?);
    compare("feed_events", &feed.0, &feed.1, &mut differences);
    // Nothing in the log can equal a row that nobody understands.
    for row in &legacy.opaque {
        if ["workflow_runs", "adapter_sessions", "feed_events"].contains(&row.raw.table.as_str()) {
            let (table, row, what) = (row.raw.table.clone(), row.raw.row.clone(), row.why.clone());
            differences.push(Difference { table, row, what });
        }
    }
    Ok(differences)
}

fn compare<K: Ord + fmt::Display>(
    table: &str,
    file: &Rows<K>,
    log: &Rows<K>,
    differences: &mut Vec<Difference>,
) {
    let mut differs = |row: &K, what: String| {
        differences.push(Difference { table: table.to_owned(), row: row.to_string(), what });
    };
    for (row, in_file) in file {
        match log.get(row) {
            Some(in_log) => {
                for what in columns_that_differ(in_file, in_log) {
                    differs(row, what);
                }
            }
            None => differs(row, "it is in the file, but not in the log".to_owned()),
        }
    }
    for row in log.keys().filter(|row| !file.contains_key(row)) {
        differs(row, "it is in the log, but not in the file".to_owned());
    }
}

fn columns_that_differ(in_file: &Value, in_log: &Value) -> Vec<String> {
    let none = Map::new();
    let (file, log) = (in_file.as_object().unwrap_or(&none), in_log.as_object().unwrap_or(&none));
    let differs = |column: &&String| file.get(*column) != log.get(*column);
    let columns = file.keys().chain(log.keys().filter(|column| !file.contains_key(*column)));
    let shown =
        |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
    columns
        .filter(differs)
        .map(|column| {
            let (file, log) = (shown(file.get(column)), shown(log.get(column)));
            format!("`{column}` is {file} in the file and {log} in the log")
        })
        .collect()
}

fn workflows_of_file(legacy: &Legacy) -> Rows<String> {
    let rows = legacy.workflows.iter().map(|row| &row.value);
    rows.map(|row| {
        let ended = row.ended.as_ref();
        let columns = json!({
            "workflow_name": row.name,
            "started_at": row.started_at.as_millis(),
            "ended_at": ended.map(|(at, _)| at.as_millis()),
            "iteration": row.iterations,
            "max_iterations": row.max_iterations,
            "status": ended.map_or("running", |(_, outcome)| outcome.status.as_str()),
            "stop_reason": ended.and_then(|(_, outcome)| outcome.stop_reason.as_ref()),
            "tracker_path": row.tracker_path,
        });
        (row.id.clone(), columns)
    })
    .collect()
}

fn workflows_of_log(bus: &Bus, legacy: &Legacy) -> Result<Rows<String>, CheckError> {
    let view = bus.view::<workflow_runs::WorkflowRun>(workflow_runs::VIEW)?;
    let rows = view.scan(prefix(&[legacy.session()]));
    rows.map(|row| {
        let row = row?.1;
        let columns = json!({
            "workflow_name": row.workflow_name,
            "started_at": row.started_at,
            "ended_at": row.ended_at,
            "iteration": row.iteration,
            "max_iterations": row.max_iterations,
            "status": row.status.as_str(),
            "stop_reason": row.stop_reason,
            "tracker_path": row.tracker_path,
        });
        Ok((row.run_id, columns))
    })
    .collect()
}

fn agents_of_file(legacy: &Legacy) -> Rows<String> {
    let rows = legacy.agents.iter().map(|row| &row.value);
    rows.map(|row| {
        let started_at = row.started_at.as_millis();
        (row.id.clone(), agent_columns(started_at, row.workflow.as_deref(), row.tokens))
    })
    .collect()
}

fn agents_of_log(bus: &Bus, legacy: &Legacy) -> Result<Rows<String>, CheckError> {
    let view = bus.view::<agents::AgentRow>(agents::VIEW)?;
    let rows = view.scan(prefix(&[legacy.session()]));
    rows.map(|row| {
        let row = row?.1;
        let columns = agent_columns(row.started_at, row.workflow.as_deref(), row.tokens);
        Ok((row.agent, columns))
    })
    .collect()
}

fn agent_columns(started_at: i64, workflow: Option<&str>, tokens: Tokens) -> Value {
    json!({
        "started_at": started_at,
        "run_id": workflow,
        "tokens_input": tokens.input,
        "tokens_output": tokens.output,
        "tokens_cache_read": tokens.cache_read,
        "tokens_cache_write": tokens.cache_write,
        "tokens_context_size": tokens.context_size,
        "tokens_context_window_size": tokens.context_window_size,
    })
}

/// The lines by their numbers. What has that of a line before it is in the log as that line only.
fn feed_of_file(legacy: &Legacy, differences: &mut Vec<Difference>) -> Rows<u64> {
    let mut rows = Rows::new();
    for row in legacy.feed.iter().map(|row| &row.value) {
        let columns = json!({
            "event_id": row.id,
            "runtime_event_id": row.hook,
            "kind": row.kind,
            "run_id": row.run_id,
            "actor_id": row.actor_id,
            "timestamp": row.at.as_millis(),
            "parent_event_id": row.parent,
            "run": run_of_file(row).unwrap_or_else(Value::String),
        });
        match rows.entry(row.seq) {
            Entry::Vacant(place) => {
                place.insert(columns);
            }
            Entry::Occupied(_) => differences.push(Difference {
                table: "feed_events".to_owned(),
                row: row.seq.to_string(),
                what: format!("`{}` has the same number as the line before it", row.id),
            }),
        }
    }
    rows
}

fn feed_of_log(bus: &Bus, legacy: &Legacy) -> Result<Rows<u64>, CheckError> {
    let heard = hooks_by_commit(legacy);
    let session = prefix(&[legacy.session()]);
    let mut runs = HashMap::new();
    for row in bus.view::<runs::RunRow>(runs::VIEW)?.scan(&session) {
        let row = row?.1;
        runs.insert(number(&row.run_id).to_owned(), row);
    }
    let view = bus.view::<feed::FeedLine>(feed::VIEW)?;
    let rows = view.scan(prefix(&[feed::LINES, legacy.session()]));
    rows.map(|row| {
        let row = row?.1;
        let run = runs.get(number(&row.run_id));
        let columns = json!({
            "event_id": format!("{}:E{}", row.run_id, row.seq),
            "runtime_event_id": heard.get(&row.commit),
            "kind": row.kind,
            "run_id": row.run_id,
            "actor_id": row.actor_id,
            "timestamp": row.at,
            "parent_event_id": row.parent,
            "run": run.map_or(Value::Null, |run| run_of_log(&row.kind, run)),
        });
        Ok((row.seq, columns))
    })
    .collect()
}

/// The hooks of the file by the commits that they became. A line of any other commit is of no hook.
fn hooks_by_commit(legacy: &Legacy) -> HashMap<String, &str> {
    let hooks = legacy.hooks.iter().map(|hook| hook.value.id.as_str());
    let commit = |hook| commit_of(legacy.session(), "runtime_events", hook, "").to_string();
    hooks.map(|hook| (commit(hook), hook)).collect()
}

/// The number of a run, from `{agent session}:R{number}`.
fn number(run_id: &str) -> &str {
    run_id.rsplit_once(":R").map_or(run_id, |(_, number)| number)
}

/// What a line says of its run, if it is one that opens or closes it.
fn run_of_file(line: &FeedRow) -> Result<Value, Misfit> {
    #[derive(Deserialize)]
    struct Opened {
        trigger: Trigger,
    }
    #[derive(Deserialize)]
    struct Trigger {
        #[serde(rename = "type")]
        kind: String,
    }
    #[derive(Deserialize)]
    struct Closed {
        status: String,
        counters: Counters,
    }
    match line.kind.as_str() {
        "run.start" => Ok(json!({ "trigger": line.details::<Opened>()?.trigger.kind })),
        "run.end" => {
            let Closed { status, counters } = line.details()?;
            Ok(json!({ "status": status, "counters": counters }))
        }
        _ => Ok(Value::Null),
    }
}

fn run_of_log(kind: &str, run: &runs::RunRow) -> Value {
    match kind {
        "run.start" => json!({ "trigger": run.trigger.as_str() }),
        "run.end" => json!({ "status": run.status.as_str(), "counters": run.counters }),
        _ => Value::Null,
    }
}
