//! `workflow_runs`: how every workflow stands. What used to be a table of its own beside the log.

use serde::{Deserialize, Serialize};
use vitae::{Context, HandlerError, Projection, Rows};

use super::prefix;
use crate::workflow::{Ended, Imported, IterationCompleted, Started, Status, Tokens, TurnStarted};

/// The view's name.
pub const VIEW: &str = "workflow_runs";

/// A row of the view.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct WorkflowRun {
    /// The workflow run.
    pub run_id: String,
    /// The session it runs in.
    pub session_id: String,
    /// The workflow's name; `None` if it was imported without one.
    pub workflow_name: Option<String>,
    /// How it stands.
    pub status: Status,
    /// Which turn it is at, counted from 1; 0 before the first.
    pub iteration: u32,
    /// The most turns.
    pub max_iterations: u32,
    /// Why it ended, where there is something to say.
    pub stop_reason: Option<String>,
    /// Where its tracker is, if it is looped.
    pub tracker_path: Option<String>,
    /// When it started, in Unix milliseconds.
    pub started_at: i64,
    /// When it ended, in Unix milliseconds.
    pub ended_at: Option<i64>,
    /// What its counted turns have used.
    pub tokens: Tokens,
}

/// The projection.
#[must_use]
pub fn projection() -> Projection {
    Projection::new(VIEW)
        .on(|event: &Started, at, rows| {
            let Started { session, workflow, name, max_iterations, tracker_path, .. } = event;
            let name = Some(name.as_str());
            let row = begun((session, workflow, name), *max_iterations, tracker_path, at);
            rows.put(prefix(&[session, workflow]), &row)
        })
        .on(|event: &Imported, at, rows| {
            let Imported { session, workflow, name, max_iterations, tracker_path, iterations } =
                event;
            let name = name.as_deref();
            let row = begun((session, workflow, name), *max_iterations, tracker_path, at);
            let row = WorkflowRun { iteration: *iterations, ..row };
            rows.put(prefix(&[session, workflow]), &row)
        })
        .on(|event: &TurnStarted, _, rows| {
            change(&event.session, &event.workflow, rows, |row| row.iteration = event.iteration)
        })
        .on(|event: &IterationCompleted, _, rows| {
            change(&event.session, &event.workflow, rows, |row| row.tokens = event.total)
        })
        .on(|event: &Ended, at: &Context, rows| {
            change(&event.session, &event.workflow, rows, |row| {
                row.status = event.outcome.status;
                row.stop_reason.clone_from(&event.outcome.stop_reason);
                row.ended_at = Some(at.occurred_at().as_millis());
            })
        })
}

fn change(
    session: &str,
    workflow: &str,
    rows: &mut Rows<'_>,
    change: impl FnOnce(&mut WorkflowRun),
) -> Result<(), HandlerError> {
    let key = prefix(&[session, workflow]);
    let mut row: WorkflowRun = rows.get(&key)?.ok_or("the workflow was never started")?;
    change(&mut row);
    rows.put(key, &row)
}

/// The row of a workflow that has just begun.
fn begun(
    (session, workflow, name): (&str, &str, Option<&str>),
    max_iterations: u32,
    tracker_path: &Option<String>,
    at: &Context,
) -> WorkflowRun {
    WorkflowRun {
        run_id: workflow.to_owned(),
        session_id: session.to_owned(),
        workflow_name: name.map(str::to_owned),
        status: Status::Running,
        iteration: 0,
        max_iterations,
        stop_reason: None,
        tracker_path: tracker_path.clone(),
        started_at: at.occurred_at().as_millis(),
        ended_at: None,
        tokens: Tokens::default(),
    }
}
