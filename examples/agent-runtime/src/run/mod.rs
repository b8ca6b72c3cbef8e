//! The `run` lifecycle: what happens between one prompt and the next inside an agent session.
//!
//! Owns what the agent does in a run, who does it, and the run's counters. Knows nothing of
//! workflows but the name to be found by.

mod events;

pub use events::{
    Compacting, Forked, Joined, Notified, Prompted, RequestRaised, RequestSettled, RunClosed,
    RunOpened, SubagentStarted, SubagentStopped, ToolFailed, ToolFinished, ToolStarted,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use vitae::{Context, Lifecycle, Refusal, Schema};

/// A run.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "run")]
pub enum Run {
    /// Not opened yet.
    #[state(initial)]
    #[on(RunOpened => Running)]
    Unopened,

    /// The agent is at work.
    #[on(Prompted => Running)]
    #[on(ToolStarted => Running, ToolFinished => Running, ToolFailed => Running)]
    #[on(SubagentStarted => Running, SubagentStopped => Running)]
    #[on(Notified => Running, Compacting => Running)]
    #[on(RequestRaised => Running, RequestSettled => Running)]
    #[on(Forked => Running, Joined if Running::must_have_forked => Running)]
    #[on(RunClosed => Closed)]
    Running(Running),

    /// Over.
    #[state(terminal)]
    Closed(Closed),
}

/// Where in the supervised world something happened.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The session.
    pub session: String,
    /// The workflow whose turn it was, if any.
    pub workflow: Option<String>,
    /// Which run of the session, counted from 1.
    pub run: u32,
}

impl Place {
    /// The id of the run's stream.
    #[must_use]
    pub fn run_stream(&self) -> String {
        run_stream(&self.session, self.run)
    }
}

/// The id of the stream of a session's n-th run.
#[must_use]
pub fn run_stream(session: &str, run: u32) -> String {
    format!("{session}/R{run}")
}

/// [`Run::Running`].
#[derive(Clone, Debug)]
pub struct Running {
    /// Where it is.
    pub place: Place,
    /// Its public id: the agent session and the number.
    pub run_id: String,
    /// The subagents that were started and not yet stopped, the active one last.
    pub subagents: Vec<String>,
    /// The requests that wait for a decision.
    pub pending: Vec<String>,
    /// The sessions of the branches that were not joined yet.
    pub branches: Vec<String>,
    /// What was counted.
    pub counters: Counters,
}

/// [`Run::Closed`].
#[derive(Clone, Debug)]
pub struct Closed {
    /// The requests that waited for a decision when it closed.
    pub pending: Vec<String>,
    /// The sessions of the branches that were never joined.
    pub branches: Vec<String>,
    /// What was counted.
    pub counters: Counters,
}

/// What is counted in a run.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Default, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Counters {
    pub tool_uses: u64,
    pub tool_failures: u64,
    pub permission_requests: u64,
    pub blocks: u64,
}

/// Who does something.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub enum Actor {
    /// The agent itself.
    Root,
    /// One of its subagents.
    Subagent(String),
}

/// Why a run was opened.
#[derive(Schema, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Trigger {
    UserPromptSubmit,
    Resume,
    Clear,
    Compact,
    Other,
}

/// How a run stands.
#[derive(Schema, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum RunStatus {
    Running,
    Blocked,
    Completed,
    Failed,
    Aborted,
}

/// A tool, as hooks speak of it.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Tool {
    /// The tool's name.
    pub name: String,
    /// The agent's id for this use of it.
    pub use_id: Option<String>,
    /// What it is given, as JSON text.
    pub input: String,
}

impl Tool {
    /// What it is given, to be shown: as the JSON that it is, or as its text if that is more than anybody
    /// reads as JSON, such as one that is nested without end.
    #[must_use]
    pub fn input_shown(&self) -> Value {
        serde_json::from_str(&self.input).unwrap_or_else(|_| Value::from(self.input.as_str()))
    }
}

/// What a request asks for.
#[derive(Schema, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestKind {
    /// Leave to use a tool.
    Permission,
    /// Leave to stop.
    Stop,
}

impl Running {
    /// Who does what happens now.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.subagents.last().map_or(Actor::Root, |subagent| Actor::Subagent(subagent.clone()))
    }

    fn must_have_forked(&self, event: &Joined, _: &Context) -> Result<(), Refusal> {
        if self.branches.contains(&event.branch) {
            return Ok(());
        }
        Err(Refusal::new(format!("the run has no open branch `{}`", event.branch)))
    }

    fn counting(mut self, count: impl FnOnce(&mut Counters)) -> Self {
        count(&mut self.counters);
        self
    }
}

impl Trigger {
    /// The trigger as a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserPromptSubmit => "user_prompt_submit",
            Self::Resume => "resume",
            Self::Clear => "clear",
            Self::Compact => "compact",
            Self::Other => "other",
        }
    }
}

impl RunStatus {
    /// The status as a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Blocked => "blocked",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }
}

impl RunTransitions for Run {
    fn unopened_on_run_opened(_: Unopened, event: &RunOpened, _: &Context) -> Running {
        Running {
            place: event.place.clone(),
            run_id: event.run_id.clone(),
            subagents: Vec::new(),
            pending: Vec::new(),
            branches: Vec::new(),
            counters: Counters::default(),
        }
    }

    fn running_on_tool_started(from: Running, _: &ToolStarted, _: &Context) -> Running {
        from.counting(|counters| counters.tool_uses += 1)
    }

    fn running_on_tool_failed(from: Running, _: &ToolFailed, _: &Context) -> Running {
        from.counting(|counters| counters.tool_failures += 1)
    }

    fn running_on_subagent_started(
        mut from: Running,
        event: &SubagentStarted,
        _: &Context,
    ) -> Running {
        from.subagents.push(event.subagent.clone());
        from
    }

    fn running_on_subagent_stopped(
        mut from: Running,
        event: &SubagentStopped,
        _: &Context,
    ) -> Running {
        if let Some(last) = from.subagents.iter().rposition(|id| *id == event.subagent) {
            from.subagents.remove(last);
        }
        from
    }

    fn running_on_request_raised(mut from: Running, event: &RequestRaised, _: &Context) -> Running {
        from.pending.push(event.request.clone());
        match event.kind {
            RequestKind::Permission => from.counting(|counters| counters.permission_requests += 1),
            RequestKind::Stop => from,
        }
    }

    fn running_on_request_settled(
        mut from: Running,
        event: &RequestSettled,
        _: &Context,
    ) -> Running {
        from.pending.retain(|request| *request != event.request);
        if event.blocked { from.counting(|counters| counters.blocks += 1) } else { from }
    }

    fn running_on_run_closed(from: Running, _: &RunClosed, _: &Context) -> Closed {
        Closed { pending: from.pending, branches: from.branches, counters: from.counters }
    }

    fn running_on_forked(mut from: Running, event: &Forked, _: &Context) -> Running {
        from.branches.push(event.branch.clone());
        from
    }

    fn running_on_joined(mut from: Running, event: &Joined, _: &Context) -> Running {
        from.branches.retain(|branch| *branch != event.branch);
        from
    }

    // What follows is heard and kept, and changes nothing.

    fn running_on_prompted(from: Running, _: &Prompted, _: &Context) -> Running {
        from
    }

    fn running_on_tool_finished(from: Running, _: &ToolFinished, _: &Context) -> Running {
        from
    }

    fn running_on_notified(from: Running, _: &Notified, _: &Context) -> Running {
        from
    }

    fn running_on_compacting(from: Running, _: &Compacting, _: &Context) -> Running {
        from
    }
}
