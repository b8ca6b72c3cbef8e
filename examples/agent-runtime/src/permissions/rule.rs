//! One rule: which tool, when, and what it says.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use vitae::{Schema, Timestamp};

/// A rule.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// What it says.
    pub verdict: Verdict,
    /// Of which tools: `*` is every tool, what ends in `__*` every tool that begins with what stands
    /// before the star, and anything else the tool of this name.
    pub tool: String,
    /// When.
    pub limits: Limits,
    /// The request whose answer made it; `None` if it stands in the workflow's file.
    pub answer_to: Option<String>,
}

/// What a rule says.
#[derive(Schema, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The tool must not be used.
    Deny,
    /// The tool may be used.
    Approve,
}

/// When a rule speaks. Without a limit, always.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Default, Debug)]
pub struct Limits {
    /// From this turn of the workflow on, counted from 1.
    pub from_iteration: Option<u32>,
    /// Up to this turn, inclusive.
    pub to_iteration: Option<u32>,
    /// Before this time, in Unix milliseconds.
    pub until: Option<i64>,
    /// For so long since the workflow's start.
    pub lasts: Option<Duration>,
}

/// When a permission is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The workflow's turn, counted from 1.
    pub iteration: u32,
    /// The time.
    pub at: Timestamp,
}

impl Rule {
    /// What follows from an "always allow in this workflow".
    #[must_use]
    pub fn of_answer(tool: &str, request: &str) -> Self {
        Self {
            verdict: Verdict::Approve,
            tool: tool.to_owned(),
            limits: Limits::default(),
            answer_to: Some(request.to_owned()),
        }
    }

    /// Whether the rule says anything about a tool at a moment. `since` is the workflow's start.
    #[must_use]
    pub fn speaks(&self, tool: &str, since: Timestamp, moment: Moment) -> bool {
        self.is_about(tool) && self.limits.hold(since, moment)
    }

    fn is_about(&self, tool: &str) -> bool {
        // An answer is about the tool that was asked for, whatever its name looks like.
        if self.tool == tool || self.answer_to.is_some() {
            return self.tool == tool;
        }
        match self.tool.strip_suffix('*') {
            Some("") => true,
            Some(prefix) => prefix.ends_with("__") && tool.starts_with(prefix),
            None => false,
        }
    }
}

impl Limits {
    fn hold(&self, since: Timestamp, moment: Moment) -> bool {
        let Self { from_iteration, to_iteration, until, lasts } = self;
        from_iteration.is_none_or(|first| first <= moment.iteration)
            && to_iteration.is_none_or(|last| moment.iteration <= last)
            && until.is_none_or(|until| moment.at.as_millis() < until)
            && lasts.is_none_or(|lasts| moment.at < since.saturating_add(lasts))
    }
}

impl fmt::Display for Rule {
    /// Such as `approve Edit in iterations 2 to 5, for 30m since the start`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Deny => "deny",
            Verdict::Approve => "approve",
        };
        write!(f, "{verdict} {}{}", self.tool, self.limits)?;
        match &self.answer_to {
            Some(request) => write!(f, ", as request {request} was answered"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from_iteration, self.to_iteration) {
            (Some(first), Some(last)) if first == last => write!(f, " in iteration {first}")?,
            (Some(first), Some(last)) => write!(f, " in iterations {first} to {last}")?,
            (Some(first), None) => write!(f, " from iteration {first} on")?,
            (None, Some(last)) => write!(f, " up to iteration {last}")?,
            (None, None) => {}
        }
        if let Some(until) = self.until.and_then(Timestamp::from_millis) {
            write!(f, " until {until}")?;
        }
        if let Some(lasts) = self.lasts {
            let lasts = SignedDuration::try_from(lasts).unwrap_or(SignedDuration::MAX);
            write!(f, " for {lasts:#} since the start")?;
        }
        Ok(())
    }
}
