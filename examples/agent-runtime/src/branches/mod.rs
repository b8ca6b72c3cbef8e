//! Branches: a run forks an agent session of its own, and joins with what came of it.
//!
//! A branch is a session of its own, so what its agent reports belongs to its own runs, requests and
//! feed, and runs keep the numbers that they have without it. It works for the workflow in whose turn
//! it was forked. One that was not joined when its parent closes is over then: its open run is
//! aborted, and so are the branches of that. What is told to whom stands in the policy; the tree is
//! read, and stored nowhere.

mod policy;
mod tree;

pub use policy::policy;
pub use tree::{TreeError, TreeRun, of_session};

/// The session of an agent session that a run of `session` forked, or a run of one of its branches.
#[must_use]
pub fn branch_session(session: &str, agent: &str) -> String {
    format!("{session}~{agent}")
}

/// The session that [`branch_session`] made the name of a branch from.
#[must_use]
pub fn root_of_branch<'a>(branch: &'a str, agent: &str) -> &'a str {
    let root = branch.strip_suffix(agent).and_then(|rest| rest.strip_suffix('~'));
    root.unwrap_or(branch)
}

/// Whether that is the name of a branch of `session`, or of one of its branches.
#[must_use]
pub fn is_branch_of(branch: &str, session: &str) -> bool {
    branch.strip_prefix(session).is_some_and(|agent| agent.starts_with('~'))
}
