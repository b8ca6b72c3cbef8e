//! The `permissions` lifecycle: what the agent of a workflow may do without a person being asked.
//!
//! Owns the rules of one workflow run and the order in which they are tried. Knows nothing of
//! requests: a policy asks it when one is raised.

mod policy;
mod rule;
mod table;

pub use policy::requests_meet_their_workflow;
pub use rule::{Limits, Moment, Rule, Verdict};
pub use table::PermissionsTable;

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle, Timestamp};

/// The permissions of a workflow run. They have its id, and end with it: what is asked outside its
/// turns asks them nothing.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "permissions")]
pub enum Permissions {
    /// There is no rule: a person is asked everything.
    #[state(initial)]
    #[on(RulesSet => Ruled, AlwaysAllowed => Ruled)]
    Unruled,

    /// There are rules.
    #[on(AlwaysAllowed => Ruled)]
    Ruled(Ruled),
}

/// [`Permissions::Ruled`].
#[derive(Clone, Debug)]
pub struct Ruled {
    /// Since when: what a rule that lasts for a while counts from.
    pub since: Timestamp,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// The rules of a workflow's file, as they were when it started.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "permissions.rules_set", tag = session, tag = workflow)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct RulesSet {
    pub session: String,
    pub workflow: String,
    pub rules: Vec<Rule>,
}

/// A person allowed a tool for the rest of the workflow.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "permissions.always_allowed", tag = session, tag = workflow, tag = request)]
pub struct AlwaysAllowed {
    /// The session.
    pub session: String,
    /// The workflow run.
    pub workflow: String,
    /// The request that was answered so.
    pub request: String,
    /// The tool.
    pub tool: String,
}

/// A rule that speaks, and its place among the rules of the workflow, counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct Spoken<'a> {
    pub number: usize,
    pub rule: &'a Rule,
}

impl Permissions {
    /// The rule that decides on a tool now, if any does: the first that denies it, else the first
    /// that approves it.
    #[must_use]
    pub fn rule_on(&self, tool: &str, moment: Moment) -> Option<Spoken<'_>> {
        let Self::Ruled(Ruled { since, rules }) = self else {
            return None;
        };
        let speaks = |verdict: Verdict| {
            let mut numbered = (1..).zip(rules);
            let found = numbered
                .find(|(_, rule)| rule.verdict == verdict && rule.speaks(tool, *since, moment));
            found.map(|(number, rule)| Spoken { number, rule })
        };
        speaks(Verdict::Deny).or_else(|| speaks(Verdict::Approve))
    }
}

impl std::fmt::Display for Spoken<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rule {}: {}", self.number, self.rule)
    }
}

impl PermissionsTransitions for Permissions {
    fn unruled_on_rules_set(_: Unruled, event: &RulesSet, context: &Context) -> Ruled {
        Ruled { since: context.occurred_at(), rules: event.rules.clone() }
    }

    fn unruled_on_always_allowed(_: Unruled, event: &AlwaysAllowed, context: &Context) -> Ruled {
        let rules = vec![Rule::of_answer(&event.tool, &event.request)];
        Ruled { since: context.occurred_at(), rules }
    }

    fn ruled_on_always_allowed(mut from: Ruled, event: &AlwaysAllowed, _: &Context) -> Ruled {
        from.rules.push(Rule::of_answer(&event.tool, &event.request));
        from
    }
}
