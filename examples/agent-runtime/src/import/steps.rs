//! The order in which the rows of a file become commits, and the ids of these.
//!
//! Owns that order: hooks and decisions as the file numbers them, everything else between them at its
//! time. Never makes an event.

use std::collections::HashMap;

use uuid::Uuid;
use vitae::{CommitId, Timestamp};
use xxhash_rust::xxh3::xxh3_128;

use super::legacy::{Legacy, OpaqueRow, RawRow, Understood};
use super::tables::{AgentRow, DecisionRow, FeedRow, HookRow, SessionRow, WorkflowRow};
use crate::workflow::Outcome;

/// The namespace of the ids of imported commits. It is for good, as is the form of what is named in it:
/// with another, what was imported would be imported again.
const NAMESPACE: Uuid = Uuid::from_u128(0x61e7_1e0c_9d0a_4f57_8b0c_2d5a_6d3f_90e4);

/// One commit of an import.
pub(super) struct Step<'a> {
    /// When what it says happened.
    pub(super) at: Timestamp,
    /// What it says.
    pub(super) what: What<'a>,
}

/// What a commit says.
pub(super) enum What<'a> {
    Session(&'a Understood<SessionRow>),
    Workflow(&'a Understood<WorkflowRow>),
    WorkflowEnd(&'a Understood<WorkflowRow>, &'a Outcome),
    /// A hook, and the workflow that its agent session belongs to.
    Hook(&'a Understood<HookRow>, Option<&'a str>),
    Decision(&'a Understood<FeedRow>, DecisionRow),
    Agent(&'a Understood<AgentRow>),
    Opaque(&'a OpaqueRow),
}

/// What comes first of what is at the same time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Begin,
    Middle,
    End,
}

/// Every step of an import, in order.
pub(super) fn of(legacy: &Legacy) -> Vec<Step<'_>> {
    let began = legacy.session.value.created_at;
    let mut placed = Vec::new();
    let mut place = |at, rank, step| placed.push((at, rank, step));
    // What the file numbers stays in that order, whatever the clock did.
    let mut latest = None;
    let mut placed_agents = Vec::new();
    for step in heard(legacy) {
        if let What::Agent(agent) = &step.what {
            placed_agents.push(agent.value.id.as_str());
        }
        latest = latest.max(Some(step.at));
        place(latest.unwrap_or(step.at), Rank::Middle, step);
    }
    for agent in &legacy.agents {
        if !placed_agents.contains(&agent.value.id.as_str()) {
            let at = agent.value.started_at;
            place(at, Rank::Middle, Step { at, what: What::Agent(agent) });
        }
    }
    for row in &legacy.opaque {
        let at = row.raw.at.and_then(Timestamp::from_millis).unwrap_or(began);
        place(at, Rank::Middle, Step { at, what: What::Opaque(row) });
    }
    for workflow in &legacy.workflows {
        let at = workflow.value.started_at;
        place(at, Rank::Begin, Step { at, what: What::Workflow(workflow) });
        if let Some((at, outcome)) = &workflow.value.ended {
            let what = What::WorkflowEnd(workflow, outcome);
            place((*at).max(workflow.value.started_at), Rank::End, Step { at: *at, what });
        }
    }
    // It is stable: what is equal stays as it was placed.
    placed.sort_by_key(|(at, rank, _)| (*at, *rank));
    let session = Step { at: began, what: What::Session(&legacy.session) };
    std::iter::once(session).chain(placed.into_iter().map(|(_, _, step)| step)).collect()
}

/// Hooks and decisions in the order in which the program heard them, and each agent session's row
/// behind its first hook.
fn heard(legacy: &Legacy) -> Vec<Step<'_>> {
    let mut agents: HashMap<&str, &Understood<AgentRow>> =
        legacy.agents.iter().map(|agent| (agent.value.id.as_str(), agent)).collect();
    let workflows: HashMap<&str, &str> = legacy
        .agents
        .iter()
        .filter_map(|agent| Some((agent.value.id.as_str(), agent.value.workflow.as_deref()?)))
        .collect();
    let mut decisions = decisions(legacy);
    let mut steps = decisions.remove(&None).unwrap_or_default();
    for row in &legacy.hooks {
        let HookRow { id, at, hook } = &row.value;
        let workflow = workflows.get(hook.agent.as_str()).copied();
        steps.push(Step { at: *at, what: What::Hook(row, workflow) });
        if let Some(agent) = agents.remove(hook.agent.as_str()) {
            steps.push(Step { at: agent.value.started_at, what: What::Agent(agent) });
        }
        steps.extend(decisions.remove(&Some(id.as_str())).unwrap_or_default());
    }
    steps
}

/// The decisions, by the hook that was heard before: the feed numbers both.
fn decisions(legacy: &Legacy) -> HashMap<Option<&str>, Vec<Step<'_>>> {
    let mut decisions: HashMap<_, Vec<_>> = HashMap::new();
    let mut after = None;
    for line in &legacy.feed {
        match (&line.value.hook, line.value.decision()) {
            (Some(hook), _) => after = Some(hook.as_str()),
            (None, Ok(decision)) => {
                let step = Step { at: line.value.at, what: What::Decision(line, decision) };
                decisions.entry(after).or_default().push(step);
            }
            (None, Err(_)) => {}
        }
    }
    decisions
}

impl Step<'_> {
    /// The commit's id, made of that of the row.
    pub(super) fn commit(&self, session: &str) -> CommitId {
        let RawRow { table, row, .. } = self.raw();
        let part = if let What::WorkflowEnd(..) = self.what { "end" } else { "" };
        commit_of(session, table, row, part)
    }

    /// By which a row is seen to be another than before.
    pub(super) fn digest(&self) -> u128 {
        match &self.what {
            // The rest of the row changes with every hook, and the label as a person likes.
            What::Session(session) => xxh3_128(session.value.id.as_bytes()),
            _ => xxh3_128(self.raw().json.as_bytes()),
        }
    }

    /// How the row stands in the file.
    pub(super) const fn raw(&self) -> &RawRow {
        match &self.what {
            What::Session(row) => &row.raw,
            What::Workflow(row) | What::WorkflowEnd(row, _) => &row.raw,
            What::Hook(row, _) => &row.raw,
            What::Decision(row, _) => &row.raw,
            What::Agent(row) => &row.raw,
            What::Opaque(row) => &row.raw,
        }
    }
}

/// The id of the commit that a row becomes.
pub(super) fn commit_of(session: &str, table: &str, row: &str, part: &str) -> CommitId {
    // The session's id has no NUL, and the rest is of one file.
    let name = [session, table, row, part].join("\0");
    CommitId::from_bytes(*Uuid::new_v5(&NAMESPACE, name.as_bytes()).as_bytes())
}
