//! The `workflow` lifecycle: an agent looped over a goal until the work is done.
//!
//! Owns what a workflow is, how its turns count, when it waits for somebody, and when it is over.
//! Knows nothing of runs, requests or hooks; nor of why a turn is run again, which others decide.

mod events;
mod outcome;
mod tokens;
mod tracker;

pub use events::{
    AttentionGiven, CancelRequested, Ended, Imported, ImportedV1, IterationCompleted,
    RepeatGranted, RunJoined, Started, SuspendRequested, Suspended, TakenUp, TrackerSeen,
    TurnStarted, WrappingUp,
};
pub use outcome::{Exit, Outcome, Status, Transport};
pub use tokens::Tokens;
pub use tracker::{SKELETON_MARKER, Tracker};

use vitae::{Context, Lifecycle, Refusal};

/// The longest answer to a workflow that awaits attention, in bytes.
pub const MAX_ANSWER: usize = 64 * 1024;

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
    #[on(TurnStarted => Running, WrappingUp => Completing)]
    Starting(Starting),

    /// In a turn, or between two.
    #[on(TurnStarted if Running::may_begin_a_turn => Running)]
    #[on(RunJoined => Running, TrackerSeen => Running, CancelRequested => Running)]
    #[on(IterationCompleted if Running::must_be_in_a_turn => Running)]
    #[on(RepeatGranted if Running::must_be_between_turns => Running, SuspendRequested => Running)]
    #[on(Suspended if Running::must_be_between_turns => AwaitingAttention)]
    #[on(TakenUp if Running::may_be_taken_up => Running, WrappingUp => Completing)]
    Running(Running),

    /// It goes on where it was once somebody has looked.
    #[on(AttentionGiven if AwaitingAttention::fits => Running)]
    #[on(TakenUp if AwaitingAttention::may_be_taken_up => AwaitingAttention)]
    #[on(CancelRequested => AwaitingAttention)]
    #[on(WrappingUp => Completing)]
    AwaitingAttention(AwaitingAttention),

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
    /// The workflow's name; empty if it was imported without one.
    pub name: String,
    /// What the person asked for; `None` if it was imported, and has not been gone on with since.
    pub prompt: Option<String>,
    /// The most turns; 1 if it is not looped.
    pub max_iterations: u32,
    /// Where its tracker is, if it is looped.
    pub tracker_path: Option<String>,
}

impl Plan {
    /// Only an imported workflow is taken up, and once: the prompt of any other is known.
    fn may_be_taken_up(&self) -> Result<(), Refusal> {
        if self.prompt.is_none() {
            return Ok(());
        }
        Err(Refusal::new("what was asked for is known already"))
    }
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
    /// What the agent was told in it.
    pub prompt: String,
    /// Whether the turn is under way.
    pub in_turn: bool,
    /// The run that was opened last.
    pub run: Option<String>,
    /// What the counted turns have used.
    pub tokens: Tokens,
    /// Why the last turn failed, if it did.
    pub failure: Option<String>,
    /// Whether that was because the agent process failed.
    pub crashed: bool,
    /// Whether the last turn is to be run again, as the same iteration.
    pub repeats: bool,
    /// Why somebody is to look after it before a further turn, if so.
    pub suspension: Option<String>,
    /// What somebody said who has looked: it goes into the next prompt.
    pub answer: Option<String>,
}

/// [`Workflow::AwaitingAttention`].
#[derive(Clone, Debug)]
pub struct AwaitingAttention {
    /// What it waits for.
    pub reason: String,
    /// Where it goes on.
    pub running: Running,
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

impl Running {
    /// Before anything was heard of any turn.
    fn new(plan: Plan, tracker: Tracker) -> Self {
        Self {
            plan,
            tracker,
            cancelled: false,
            iteration: 0,
            prompt: String::new(),
            in_turn: false,
            run: None,
            tokens: Tokens::default(),
            failure: None,
            crashed: false,
            repeats: false,
            suspension: None,
            answer: None,
        }
    }

    /// The number of the next turn: one that is run again keeps its own.
    #[must_use]
    pub const fn next_iteration(&self) -> u32 {
        if self.repeats { self.iteration } else { self.iteration.saturating_add(1) }
    }

    /// Whether the budget has a further turn.
    #[must_use]
    pub const fn has_budget(&self) -> bool {
        self.next_iteration() <= self.plan.max_iterations
    }

    /// A turn begins when none is under way, it is the one that is due, and the budget has it.
    fn may_begin_a_turn(&self, event: &TurnStarted, _: &Context) -> Result<(), Refusal> {
        if self.in_turn {
            return Err(Refusal::new("a turn is under way already"));
        }
        if !self.has_budget() {
            let max = self.plan.max_iterations;
            return Err(Refusal::new(format!("all {max} iterations are used up")));
        }
        let (due, begun) = (self.next_iteration(), event.iteration);
        if begun == due {
            return Ok(());
        }
        Err(Refusal::new(format!("iteration {due} is due, not {begun}")))
    }

    fn may_be_taken_up(&self, _: &TakenUp, _: &Context) -> Result<(), Refusal> {
        self.plan.may_be_taken_up()
    }

    fn must_be_in_a_turn(&self, _: &IterationCompleted, _: &Context) -> Result<(), Refusal> {
        if self.in_turn { Ok(()) } else { Err(Refusal::new("no turn is under way")) }
    }

    fn must_be_between_turns<E>(&self, _: &E, _: &Context) -> Result<(), Refusal> {
        if self.in_turn { Err(Refusal::new("a turn is under way")) } else { Ok(()) }
    }

    /// The total once a turn that used this many is over.
    #[must_use]
    pub fn total_with(&self, used: Tokens) -> Tokens {
        if self.cancelled { self.tokens } else { self.tokens.plus(used) }
    }

    /// Whether there is a point in running the turn that is just over again: nobody has cancelled
    /// it, and it has not said that the work is done.
    #[must_use]
    pub fn is_worth_repeating(&self) -> bool {
        let done = self.plan.tracker_path.is_some() && self.tracker == Tracker::Complete;
        !self.cancelled && (self.crashed || !done)
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

impl AwaitingAttention {
    fn may_be_taken_up(&self, _: &TakenUp, _: &Context) -> Result<(), Refusal> {
        self.running.plan.may_be_taken_up()
    }

    /// The answer has to go into a prompt, beside everything else.
    fn fits(&self, event: &AttentionGiven, _: &Context) -> Result<(), Refusal> {
        if event.answer.as_ref().is_none_or(|answer| answer.len() <= MAX_ANSWER) {
            return Ok(());
        }
        Err(Refusal::new(format!("an answer has {MAX_ANSWER} bytes at the most")))
    }
}

impl WorkflowTransitions for Workflow {
    fn idle_on_started(_: Idle, event: &Started, _: &Context) -> Starting {
        Starting {
            plan: Plan {
                name: event.name.clone(),
                prompt: Some(event.prompt.clone()),
                max_iterations: event.max_iterations,
                tracker_path: event.tracker_path.clone(),
            },
            tracker: Tracker::Missing,
            cancelled: false,
        }
    }

    fn idle_on_imported(_: Idle, event: &Imported, _: &Context) -> Running {
        let plan = Plan {
            name: event.name.clone().unwrap_or_default(),
            // The file does not have it.
            prompt: None,
            max_iterations: event.max_iterations,
            tracker_path: event.tracker_path.clone(),
        };
        Running { iteration: event.iterations, ..Running::new(plan, Tracker::Missing) }
    }

    fn starting_on_tracker_seen(from: Starting, event: &TrackerSeen, _: &Context) -> Starting {
        Starting { tracker: event.tracker.clone(), ..from }
    }

    fn starting_on_cancel_requested(from: Starting, _: &CancelRequested, _: &Context) -> Starting {
        Starting { cancelled: true, ..from }
    }

    fn starting_on_turn_started(from: Starting, event: &TurnStarted, _: &Context) -> Running {
        Running {
            cancelled: from.cancelled,
            iteration: event.iteration,
            prompt: event.prompt.clone(),
            in_turn: true,
            ..Running::new(from.plan, from.tracker)
        }
    }

    fn starting_on_wrapping_up(_: Starting, event: &WrappingUp, _: &Context) -> Completing {
        Completing { iteration: 0, outcome: event.outcome.clone() }
    }

    fn running_on_turn_started(from: Running, event: &TurnStarted, _: &Context) -> Running {
        let (iteration, prompt) = (event.iteration, event.prompt.clone());
        Running { iteration, prompt, in_turn: true, repeats: false, answer: None, ..from }
    }

    fn running_on_taken_up(mut from: Running, event: &TakenUp, _: &Context) -> Running {
        from.plan.prompt = Some(event.prompt.clone());
        from
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
        let crash = event.exit.crash();
        let crashed = crash.is_some();
        let failure = crash.or_else(|| event.exit.broken_transport());
        Running { in_turn: false, tokens: event.total, failure, crashed, ..from }
    }

    fn running_on_repeat_granted(from: Running, _: &RepeatGranted, _: &Context) -> Running {
        Running { repeats: true, ..from }
    }

    fn running_on_suspend_requested(
        from: Running,
        event: &SuspendRequested,
        _: &Context,
    ) -> Running {
        Running { suspension: Some(event.reason.clone()), ..from }
    }

    fn running_on_suspended(from: Running, event: &Suspended, _: &Context) -> AwaitingAttention {
        let running = Running { suspension: None, ..from };
        AwaitingAttention { reason: event.reason.clone(), running }
    }

    fn awaiting_attention_on_attention_given(
        from: AwaitingAttention,
        event: &AttentionGiven,
        _: &Context,
    ) -> Running {
        Running { answer: event.answer.clone(), ..from.running }
    }

    fn awaiting_attention_on_taken_up(
        mut from: AwaitingAttention,
        event: &TakenUp,
        _: &Context,
    ) -> AwaitingAttention {
        from.running.plan.prompt = Some(event.prompt.clone());
        from
    }

    fn awaiting_attention_on_cancel_requested(
        mut from: AwaitingAttention,
        _: &CancelRequested,
        _: &Context,
    ) -> AwaitingAttention {
        from.running.cancelled = true;
        from
    }

    fn awaiting_attention_on_wrapping_up(
        from: AwaitingAttention,
        event: &WrappingUp,
        _: &Context,
    ) -> Completing {
        Completing { iteration: from.running.iteration, outcome: event.outcome.clone() }
    }

    fn running_on_wrapping_up(from: Running, event: &WrappingUp, _: &Context) -> Completing {
        Completing { iteration: from.iteration, outcome: event.outcome.clone() }
    }

    fn completing_on_ended(from: Completing, event: &Ended, _: &Context) -> Done {
        Done { iteration: from.iteration, outcome: event.outcome.clone() }
    }
}
