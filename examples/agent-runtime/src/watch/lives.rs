//! The lives as a tree: sessions, their workflows, their runs, their requests.
//!
//! Owns what stands under what. Must never know how it is drawn.

use std::collections::BTreeSet;

use crate::overview::{Life, Overview, RequestSeen, RunSeen};

/// A line of the tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// How many lives stand above it.
    pub depth: u16,
    /// The lifecycle's name.
    pub category: &'static str,
    /// The id of the life's stream.
    pub id: String,
    /// The state that it is in.
    pub state: &'static str,
    /// What it is called.
    pub title: String,
    /// How it stands.
    pub status: String,
    /// What else there is to say.
    pub note: String,
}

/// The lines of the tree. What belongs together stands in the order in which it began.
#[must_use]
pub fn lines(overview: &Overview) -> Vec<Line> {
    let sessions = overview.sessions.iter().map(|life| life.id.as_str());
    // Within a commit, a workflow begins before its session has heard of it.
    let named = overview.workflows.iter().map(|life| life.seen.session.as_str());
    let named = named.chain(overview.runs.iter().map(|life| life.seen.session.as_str()));
    let mut lines = Vec::new();
    for session in sessions.chain(named).collect::<BTreeSet<_>>() {
        of_session(overview, session, &mut lines);
    }
    lines
}

fn of_session(overview: &Overview, session: &str, lines: &mut Vec<Line>) {
    if let Some(life) = overview.sessions.get(session) {
        let status = life.state.name.to_lowercase();
        lines.push(line(0, "session", life, session, status, String::new()));
    }
    let mut workflows: Vec<_> =
        overview.workflows.iter().filter(|life| life.seen.session == session).collect();
    workflows.sort_by_key(|life| life.began);
    for life in workflows {
        let seen = &life.seen;
        let turns = format!("turn {} of {}", seen.iteration, seen.max_iterations);
        let note = match &seen.stop_reason {
            Some(reason) => format!("{turns}; {reason}"),
            None => turns,
        };
        lines.push(line(1, "workflow", life, &seen.name, seen.status.to_owned(), note));
        of_runs(overview, session, Some(&life.id), 2, lines);
    }
    of_runs(overview, session, None, 1, lines);
}

fn of_runs(
    overview: &Overview,
    session: &str,
    workflow: Option<&str>,
    depth: u16,
    lines: &mut Vec<Line>,
) {
    let ours = |life: &&Life<RunSeen>| {
        life.seen.session == session && life.seen.workflow.as_deref() == workflow
    };
    let mut runs: Vec<_> = overview.runs.iter().filter(ours).collect();
    runs.sort_by_key(|life| life.seen.number);
    for life in runs {
        let (seen, counters) = (&life.seen, life.seen.counters);
        let note = format!(
            "{}; {} tools, {} failed, {} asked, {} blocked",
            seen.trigger,
            counters.tool_uses,
            counters.tool_failures,
            counters.permission_requests,
            counters.blocks
        );
        lines.push(line(depth, "run", life, &seen.run_id, seen.status.to_owned(), note));
        of_requests(overview, &life.seen, depth.saturating_add(1), lines);
    }
}

fn of_requests(overview: &Overview, run: &RunSeen, depth: u16, lines: &mut Vec<Line>) {
    let ours =
        |life: &&Life<RequestSeen>| life.seen.session == run.session && life.seen.run == run.number;
    let mut requests: Vec<_> = overview.requests.iter().filter(ours).collect();
    requests.sort_by_key(|life| life.began);
    for life in requests {
        let status = match (&life.seen.decision, life.over) {
            (Some(decision), _) => decision.clone(),
            (None, true) => "lapsed".to_owned(),
            (None, false) => "waiting".to_owned(),
        };
        lines.push(line(depth, "request", life, &life.seen.what, status, life.seen.detail.clone()));
    }
}

fn line<T>(
    depth: u16,
    category: &'static str,
    life: &Life<T>,
    title: &str,
    status: String,
    note: String,
) -> Line {
    let (id, state, title) = (life.id.clone(), life.state.name, title.to_owned());
    Line { depth, category, id, state, title, status, note }
}
