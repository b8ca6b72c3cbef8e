//! The lives as a tree: sessions, their workflows, their runs, and what hangs under a run: its requests,
//! what is relayed of them, and the branches that it forked.
//!
//! Owns what stands under what. What hangs under a life that is not there hangs under the session, so that
//! nothing is left out. Must never know how it is drawn.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Life, Overview, RelaySeen, RequestSeen, RunSeen, SessionSeen, excerpt};

/// The longest title, in characters.
const TITLE: usize = 200;

/// The longest note that is made of several texts, in characters.
const NOTE: usize = 4_000;

/// A line of the tree.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Line {
    /// How many lives stand above it.
    pub depth: u16,
    /// The lifecycle's name.
    pub category: &'static str,
    /// The id of the life's stream.
    pub id: String,
    /// The state that it is in.
    pub state: &'static str,
    /// The position of its first event.
    pub began: u64,
    /// What it is called.
    pub title: String,
    /// How it stands.
    pub status: String,
    /// What else there is to say.
    pub note: String,
}

/// The lines of the tree. What belongs together stands in the order in which it began.
#[must_use]
pub fn tree(overview: &Overview) -> Vec<Line> {
    let mut tree = Tree { overview, lines: Vec::new(), placed: BTreeSet::new() };
    let sessions = overview.sessions.iter().map(|life| life.id.as_str());
    // Within a commit, a workflow begins before its session has heard of it.
    let named = overview.workflows.iter().map(|life| life.seen.session.as_str());
    let named = named.chain(overview.runs.iter().map(|life| life.seen.session.as_str()));
    let named = named.chain(overview.requests.iter().map(|life| life.seen.session.as_str()));
    let named = named.chain(overview.relays.iter().map(|life| life.seen.session.as_str()));
    let (branches, others): (BTreeSet<_>, BTreeSet<_>) =
        sessions.chain(named).partition(|session| tree.is_under_a_run(session));
    // Those under a run are placed with it; but if nothing leads to one, then by themselves.
    for session in others.into_iter().chain(branches) {
        tree.session(session, 0);
    }
    tree.lines
}

struct Tree<'a> {
    overview: &'a Overview,
    lines: Vec<Line>,
    /// The sessions that stand in it.
    placed: BTreeSet<&'a str>,
}

/// Lives in the order in which they began.
fn by_beginning<'a, T: 'a>(lives: impl Iterator<Item = &'a Life<T>>) -> Vec<&'a Life<T>> {
    let mut lives: Vec<_> = lives.collect();
    lives.sort_by_key(|life| life.began);
    lives
}

impl<'a> Tree<'a> {
    fn is_under_a_run(&self, session: &str) -> bool {
        let life = self.overview.sessions.get(session);
        let parent = life.and_then(|life| life.seen.parent.as_deref());
        parent.is_some_and(|parent| self.overview.runs.get(parent).is_some())
    }

    fn session(&mut self, session: &'a str, depth: u16) {
        if !self.placed.insert(session) {
            return;
        }
        if let Some(life) = self.overview.sessions.get(session) {
            let (status, note) = self.standing(life);
            self.push(depth, "session", life, session, status, note);
        }
        let (overview, below) = (self.overview, depth.saturating_add(1));
        let ours = overview.workflows.iter().filter(|life| life.seen.session == session);
        let workflows = by_beginning(ours);
        for life in &workflows {
            let seen = &life.seen;
            let turns = format!("turn {} of {}", seen.iteration, seen.max_iterations);
            let reason = seen.stop_reason.as_ref().map(|reason| format!("; {reason}"));
            let note = turns + &reason.unwrap_or_default();
            self.push(below, "workflow", life, &seen.name, seen.status.to_owned(), note);
            let ours = |run: &RunSeen| run.workflow.as_ref() == Some(&life.id);
            self.runs(session, below.saturating_add(1), ours);
        }
        // A branch works for a workflow of the session that it branched off.
        let others = |run: &RunSeen| {
            !workflows.iter().any(|workflow| run.workflow.as_ref() == Some(&workflow.id))
        };
        self.runs(session, below, others);
        let runs = overview.runs.iter().filter(|life| life.seen.session == session);
        let known: BTreeSet<u32> = runs.map(|life| life.seen.number).collect();
        self.asked(session, below, |run| !known.contains(&run));
    }

    /// How a session stands, and what came of it if it is a branch.
    fn standing(&self, life: &Life<SessionSeen>) -> (String, String) {
        let parent = life.seen.parent.as_ref().and_then(|parent| self.overview.runs.get(parent));
        let joined = parent.map(|parent| parent.seen.joined.as_slice()).unwrap_or_default();
        match joined.iter().find(|(branch, _)| *branch == life.id) {
            Some((_, result)) => ("joined".to_owned(), result.clone()),
            None if life.seen.branch_over => ("over".to_owned(), String::new()),
            None => (life.state.name.to_lowercase(), String::new()),
        }
    }

    fn runs(&mut self, session: &str, depth: u16, ours: impl Fn(&RunSeen) -> bool) {
        let runs = self.overview.runs.iter();
        let ours = runs.filter(|life| life.seen.session == session && ours(&life.seen));
        for life in by_beginning(ours) {
            let (seen, counters) = (&life.seen, life.seen.counters);
            let note = format!(
                "{}; {} tools, {} failed, {} asked, {} blocked",
                seen.trigger,
                counters.tool_uses,
                counters.tool_failures,
                counters.permission_requests,
                counters.blocks
            );
            self.push(depth, "run", life, &seen.run_id, seen.status.to_owned(), note);
            let below = depth.saturating_add(1);
            self.asked(session, below, |run| run == seen.number);
            self.branches(&life.id, below);
        }
    }

    fn branches(&mut self, run: &str, depth: u16) {
        let sessions = self.overview.sessions.iter();
        let ours = sessions.filter(|life| life.seen.parent.as_deref() == Some(run));
        for life in by_beginning(ours) {
            self.session(&life.id, depth);
        }
    }

    /// What was asked in some runs of a session: requests, each with its relay, and questions.
    fn asked(&mut self, session: &str, depth: u16, in_run: impl Fn(u32) -> bool) {
        let overview = self.overview;
        let ours =
            |life: &&Life<RequestSeen>| life.seen.session == session && in_run(life.seen.run);
        for life in by_beginning(overview.requests.iter().filter(ours)) {
            let status = match (&life.seen.decision, life.over) {
                (Some(decision), _) => decision.clone(),
                (None, true) => "lapsed".to_owned(),
                (None, false) => "waiting".to_owned(),
            };
            self.push(depth, "request", life, &life.seen.what, status, life.seen.detail.clone());
            if let Some(relay) = overview.relays.get(&life.id) {
                self.relay(depth.saturating_add(1), "relay", relay, relay.story());
            }
        }
        let alone = |life: &&Life<RelaySeen>| {
            let ours = life.seen.session == session && in_run(life.seen.run);
            ours && overview.requests.get(&life.id).is_none()
        };
        for life in by_beginning(overview.relays.iter().filter(alone)) {
            let choices = life.seen.choices.iter().zip(1_u32..);
            let choices = choices.map(|(choice, number)| format!("{number} {choice}"));
            // All of it is to be read by whoever answers.
            let asked = std::iter::once(life.seen.what.clone()).chain(choices);
            let note = asked.chain([life.story()]).collect::<Vec<_>>().join(" · ");
            self.relay(depth, &life.seen.what, life, excerpt(&note, NOTE));
        }
    }

    fn relay(&mut self, depth: u16, title: &str, life: &Life<RelaySeen>, note: String) {
        let status = if life.over { life.state.name.to_lowercase() } else { "waiting".to_owned() };
        self.push(depth, "relay", life, title, status, note);
    }

    fn push<T>(
        &mut self,
        depth: u16,
        category: &'static str,
        life: &Life<T>,
        title: &str,
        status: String,
        note: String,
    ) {
        let (id, state, began) = (life.id.clone(), life.state.name, life.began);
        let title = excerpt(title, TITLE);
        self.lines.push(Line { depth, category, id, state, began, title, status, note });
    }
}
