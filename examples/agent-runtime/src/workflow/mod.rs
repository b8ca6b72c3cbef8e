//! The `workflow` lifecycle: an agent looped over a goal until the work is done.
//!
//! Owns what a workflow is, how its turns count, and when it is over. Knows nothing of runs,
//! requests or hooks.

mod events;
mod tokens;
mod tracker;

pub use events::{
    CancelRequested, Ended, Imported, IterationCompleted, RunJoined, Started, TrackerSeen,
    TurnStarted, WrappingUp,
};
pub use tokens::Tokens;
pub use tracker::{SKELETON_MARKER, Tracker};

use serde::{Deserialize, Serialize};
use vitae::{Context, Lifecycle, Refusal, Schema};

/// A workflow run.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "workflow")]
pub enum Workflow {
    /// Nothing was asked for yet.
    #[state(initial)]
    #[on(Started => Starting, Imported => Running)]
    Idle,

    /// Started; no turn has begun.
    #[on(TrackerSeen => Starting, CancelRequested => Starting)]
    #[on(TurnStarted => Running)]
    Starting(Starting),

    /// In a turn, or between two.
    #[on(TurnStarted if Running::may_begin_a_turn => Running)]
    #[on(RunJoined => Running, TrackerSeen => Running, CancelRequested => Running)]
    #[on(IterationCompleted if Running::must_be_in_a_turn => Running)]
    #[on(WrappingUp => Completing)]
    Running(Running),

    /// It is decided how it ends.
    #[on(Ended => Done)]
    Completing(Completing),

    /// Over.
    #[state(terminal)]
    Done(Done),
}

/// What a workflow is about.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The workflow's name.
    pub name: String,
    /// The most turns; 1 if it is not looped.
    pub max_iterations: u32,
    /// Where its tracker is, if it is looped.
    pub tracker_path: Option<String>,
}

/// [`Workflow::Starting`].
#[derive(Clone, Debug)]
pub struct Starting {
    /// What it is about.
    pub plan: Plan,
    /// The tracker as it was seen last.
    pub tracker: Tracker,
    /// Whether it was cancelled.
    pub cancelled: bool,
}

/// [`Workflow::Running`].
#[derive(Clone, Debug)]
pub struct Running {
    /// What it is about.
    pub plan: Plan,
    /// The tracker as it was seen last.
    pub tracker: Tracker,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// Which turn it is, counted from 1.
    pub iteration: u32,
    /// Whether the turn is under way.
    pub in_turn: bool,
    /// The run that was opened last.
    pub run: Option<String>,
    /// What the counted turns have used.
    pub tokens: Tokens,
    /// Why the last turn failed, if it did.
    pub failure: Option<String>,
}

/// [`Workflow::Completing`].
#[derive(Clone, Debug)]
pub struct Completing {
    /// How many turns there were.
    pub iteration: u32,
    /// How it ends.
    pub outcome: Outcome,
}

/// [`Workflow::Done`].
#[derive(Clone, Debug)]
pub struct Done {
    /// How many turns there were.
    pub iteration: u32,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a workflow stands.
#[derive(Schema, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Status {
    Running,
    Completed,
    Blocked,
    Exhausted,
    Failed,
    Cancelled,
}

impl Status {
    /// The status as a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Blocked => "blocked",
            Self::Exhausted => "exhausted",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How a workflow ends.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The status.
    pub status: Status,
    /// Why, where there is something to say.
    pub stop_reason: Option<String>,
}

/// How the agent process of a turn ended.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Default, Debug)]
pub struct Exit {
    /// Its exit code, if it had one.
    pub code: Option<i64>,
    /// What went wrong, if it did not come to an exit code.
    pub error: Option<String>,
    /// The last line on its standard error.
    pub stderr: Option<String>,
    /// What was seen of its tool uses on the two ways in which they are reported.
    pub transport: Option<Transport>,
}

/// The tool uses of a turn, counted on the agent's output and on its hooks.
#[derive(Schema, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transport {
    /// Tool uses on the agent's own output.
    pub stream_tool_uses: u64,
    /// `PreToolUse` hooks that arrived.
    pub pre_tool_use_events: u64,
}

impl Running {
    /// A turn begins when none is under way and the budget is not used up.
    fn may_begin_a_turn(&self, _: &TurnStarted, _: &Context) -> Result<(), Refusal> {
        if self.in_turn {
            return Err(Refusal::new("a turn is under way already"));
        }
        if self.iteration >= self.plan.max_iterations {
            let max = self.plan.max_iterations;
            return Err(Refusal::new(format!("all {max} iterations are used up")));
        }
        Ok(())
    }

    fn must_be_in_a_turn(&self, _: &IterationCompleted, _: &Context) -> Result<(), Refusal> {
        if self.in_turn { Ok(()) } else { Err(Refusal::new("no turn is under way")) }
    }

    /// The total once a turn that used this many is over.
    #[must_use]
    pub fn total_with(&self, used: Tokens) -> Tokens {
        if self.cancelled { self.tokens } else { self.tokens.plus(used) }
    }

    /// How the workflow ends after the turn that is just over; `None` if it goes on.
    #[must_use]
    pub fn verdict(&self) -> Option<Outcome> {
        let ends = |status, stop_reason| Some(Outcome { status, stop_reason });
        if self.cancelled {
            return ends(Status::Cancelled, None);
        }
        if let Some(reason) = &self.failure {
            return ends(Status::Failed, Some(reason.clone()));
        }
        if self.plan.tracker_path.is_none() {
            return ends(Status::Completed, None);
        }
        match &self.tracker {
            Tracker::Missing => ends(Status::Failed, Some("Loop stopped: missing_tracker".into())),
            Tracker::Skeleton => ends(
                Status::Failed,
                Some(
                    "tracker skeleton was never replaced — Claude did not bootstrap the tracker"
                        .into(),
                ),
            ),
            Tracker::Complete => ends(Status::Completed, None),
            Tracker::Blocked(reason) => ends(Status::Blocked, reason.clone()),
            Tracker::Open if self.iteration >= self.plan.max_iterations => {
                ends(Status::Exhausted, None)
            }
            Tracker::Open => None,
        }
    }
}

impl Exit {
    /// Why the turn failed, if it did.
    fn failure(&self) -> Option<String> {
        let said = match (&self.error, self.code) {
            (Some(error), _) if !error.is_empty() => Some(error.clone()),
            (_, Some(code)) if code != 0 => Some(format!("Process exited with code {code}")),
            (Some(_), _) => Some("Turn failed".to_owned()),
            (None, _) => None,
        };
        if let Some(reason) = said {
            return Some(match &self.stderr {
                Some(stderr) if !stderr.is_empty() => format!("{reason}: {stderr}"),
                _ => reason,
            });
        }
        let Transport { stream_tool_uses: uses, pre_tool_use_events: 0 } = self.transport? else {
            return None;
        };
        (uses > 0).then(|| {
            format!(
                "Hook transport broken: observed {uses} tool use(s) in Claude stream but received \
                 no PreToolUse events."
            )
        })
    }
}

impl WorkflowTransitions for Workflow {
    fn idle_on_started(_: Idle, event: &Started, _: &Context) -> Starting {
        Starting {
            plan: Plan {
                name: event.name.clone(),
                max_iterations: event.max_iterations,
                tracker_path: event.tracker_path.clone(),
            },
            tracker: Tracker::Missing,
            cancelled: false,
        }
    }

    fn idle_on_imported(_: Idle, event: &Imported, _: &Context) -> Running {
        Running {
            plan: Plan {
                name: event.name.clone(),
                max_iterations: event.max_iterations,
                tracker_path: event.tracker_path.clone(),
            },
            tracker: Tracker::Missing,
            cancelled: false,
            iteration: event.iterations,
            in_turn: false,
            run: None,
            tokens: Tokens::default(),
            failure: None,
        }
    }

    fn starting_on_tracker_seen(from: Starting, event: &TrackerSeen, _: &Context) -> Starting {
        Starting { tracker: event.tracker.clone(), ..from }
    }

    fn starting_on_cancel_requested(from: Starting, _: &CancelRequested, _: &Context) -> Starting {
        Starting { cancelled: true, ..from }
    }

    fn starting_on_turn_started(from: Starting, event: &TurnStarted, _: &Context) -> Running {
        Running {
            plan: from.plan,
            tracker: from.tracker,
            cancelled: from.cancelled,
            iteration: event.iteration,
            in_turn: true,
            run: None,
            tokens: Tokens::default(),
            failure: None,
        }
    }

    fn running_on_turn_started(from: Running, event: &TurnStarted, _: &Context) -> Running {
        Running { iteration: event.iteration, in_turn: true, ..from }
    }

    fn running_on_run_joined(from: Running, event: &RunJoined, _: &Context) -> Running {
        Running { run: Some(event.run.clone()), ..from }
    }

    fn running_on_tracker_seen(from: Running, event: &TrackerSeen, _: &Context) -> Running {
        Running { tracker: event.tracker.clone(), ..from }
    }

    fn running_on_cancel_requested(from: Running, _: &CancelRequested, _: &Context) -> Running {
        Running { cancelled: true, ..from }
    }

    fn running_on_iteration_completed(
        from: Running,
        event: &IterationCompleted,
        _: &Context,
    ) -> Running {
        Running { in_turn: false, tokens: event.total, failure: event.exit.failure(), ..from }
    }

    fn running_on_wrapping_up(from: Running, event: &WrappingUp, _: &Context) -> Completing {
        Completing { iteration: from.iteration, outcome: event.outcome.clone() }
    }

    fn completing_on_ended(from: Completing, event: &Ended, _: &Context) -> Done {
        Done { iteration: from.iteration, outcome: event.outcome.clone() }
    }
}
