//! The `retry` lifecycle: how often a workflow's turn is run again, and when.
//!
//! Owns what the workflow file allows, what was counted of it in the present iteration, the pause
//! after a crash, and which permissions were denied. Knows nothing of workflows but the name to be
//! found by; without a plan nothing is ever recorded here, and every turn counts as it ends.

mod events;
mod policy;
mod table;

pub use events::{BackedOff, PermissionRefused, Repeated, RetryDue, RetryPlanned, TurnWatched};
pub use policy::policy;
pub use table::{RetryTable, RetryTableError};

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vitae::{Context, Lifecycle, Refusal, Schema, Timestamp};

/// The turns of a workflow that are run again.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "retry")]
pub enum Retry {
    /// None is: the workflow did not ask for it.
    #[state(initial)]
    #[on(RetryPlanned => Watching)]
    Off,

    /// A turn is under way, or nothing keeps the next one back.
    #[on(TurnWatched => Watching, PermissionRefused => Watching)]
    #[on(Repeated if Watching::may_repeat => Watching)]
    #[on(BackedOff if Watching::may_back_off => BackingOff)]
    Watching(Watching),

    /// The turn crashed. It is run again when the pause is over.
    #[after(pause => RetryDue)]
    #[on(RetryDue => Watching, PermissionRefused => BackingOff)]
    BackingOff(BackingOff),
}

/// What a workflow allows: the table `[retry]` of its file.
#[derive(Schema, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct RetryPlan {
    /// How often a turn that crashed is run again.
    pub crashed: u32,
    /// The pause before the first time, in milliseconds. It doubles each further time.
    pub first_ms: u64,
    /// The longest pause, in milliseconds.
    pub at_most_ms: u64,
    /// How often a turn is run again that was denied a permission.
    pub denied: u32,
    /// Whether a blocked workflow waits for somebody, and does not end.
    pub blocked_waits: bool,
}

/// [`Retry::Watching`].
#[derive(Clone, Debug)]
pub struct Watching {
    /// What is allowed.
    pub plan: RetryPlan,
    /// The iteration that is counted here.
    pub iteration: u32,
    /// How often it was run again after a crash.
    pub after_crashes: u32,
    /// How often it was run again after a denial.
    pub after_denials: u32,
    /// What was denied since its turn began.
    pub denials: Vec<Denial>,
}

/// [`Retry::BackingOff`].
#[derive(Clone, Debug)]
pub struct BackingOff {
    /// What was counted so far.
    pub watching: Watching,
    /// How long the pause is.
    pub pause: Duration,
    /// When it is over.
    pub due: Timestamp,
}

/// A permission that was denied, as far as the agent is told of it.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Denial {
    /// The tool.
    pub tool: String,
    /// What it was to be given: the beginning of the JSON text.
    pub input: String,
    /// What the agent was told: the beginning of it.
    pub reason: Option<String>,
}

/// How a turn is run again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Again {
    /// After a pause: it crashed.
    AfterAPause,
    /// At once: it was denied a permission, which the agent is told.
    AtOnce,
}

impl Retry {
    /// How the turn that is just over is run again, if it is.
    #[must_use]
    pub const fn again(&self, crashed: bool) -> Option<Again> {
        match self {
            Self::Watching(state) if crashed && state.has_crashes_left() => {
                Some(Again::AfterAPause)
            }
            Self::Watching(state) if !state.denials.is_empty() && state.has_denials_left() => {
                Some(Again::AtOnce)
            }
            _ => None,
        }
    }

    /// What was counted, if the workflow asked for it.
    #[must_use]
    pub const fn watching(&self) -> Option<&Watching> {
        match self {
            Self::Off => None,
            Self::Watching(state) => Some(state),
            Self::BackingOff(state) => Some(&state.watching),
        }
    }
}

impl RetryPlan {
    /// The pause before a crashed turn is run again for the n-th time, counted from 1.
    #[must_use]
    pub const fn pause(&self, nth: u32) -> Duration {
        let doubled = 1_u64.checked_shl(nth.saturating_sub(1));
        let factor = match doubled {
            Some(factor) => factor,
            None => u64::MAX,
        };
        let pause = self.first_ms.saturating_mul(factor);
        Duration::from_millis(if pause < self.at_most_ms { pause } else { self.at_most_ms })
    }
}

impl Watching {
    const fn has_crashes_left(&self) -> bool {
        self.after_crashes < self.plan.crashed
    }

    const fn has_denials_left(&self) -> bool {
        self.after_denials < self.plan.denied
    }

    fn may_back_off(&self, _: &BackedOff, _: &Context) -> Result<(), Refusal> {
        let max = self.plan.crashed;
        let refusal = || Refusal::new(format!("all {max} repetitions after a crash are used up"));
        self.has_crashes_left().then_some(()).ok_or_else(refusal)
    }

    fn may_repeat(&self, _: &Repeated, _: &Context) -> Result<(), Refusal> {
        let max = self.plan.denied;
        let refusal = || Refusal::new(format!("all {max} repetitions after a denial are used up"));
        self.has_denials_left().then_some(()).ok_or_else(refusal)
    }
}

impl RetryTransitions for Retry {
    fn off_on_retry_planned(_: Off, event: &RetryPlanned, _: &Context) -> Watching {
        Watching {
            plan: event.plan,
            iteration: 0,
            after_crashes: 0,
            after_denials: 0,
            denials: Vec::new(),
        }
    }

    fn watching_on_turn_watched(from: Watching, event: &TurnWatched, _: &Context) -> Watching {
        let denials = Vec::new();
        if event.iteration == from.iteration {
            return Watching { denials, ..from };
        }
        let (iteration, plan) = (event.iteration, from.plan);
        Watching { plan, iteration, after_crashes: 0, after_denials: 0, denials }
    }

    fn watching_on_permission_refused(
        mut from: Watching,
        event: &PermissionRefused,
        _: &Context,
    ) -> Watching {
        from.denials.push(event.denial.clone());
        from
    }

    fn watching_on_repeated(from: Watching, _: &Repeated, _: &Context) -> Watching {
        Watching { after_denials: from.after_denials.saturating_add(1), ..from }
    }

    fn watching_on_backed_off(from: Watching, _: &BackedOff, context: &Context) -> BackingOff {
        let after_crashes = from.after_crashes.saturating_add(1);
        let pause = from.plan.pause(after_crashes);
        let due = context.occurred_at().saturating_add(pause);
        BackingOff { watching: Watching { after_crashes, ..from }, pause, due }
    }

    fn backing_off_on_retry_due(from: BackingOff, _: &RetryDue, _: &Context) -> Watching {
        from.watching
    }

    fn backing_off_on_permission_refused(
        mut from: BackingOff,
        event: &PermissionRefused,
        _: &Context,
    ) -> BackingOff {
        from.watching.denials.push(event.denial.clone());
        from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let plan = RetryPlan { first_ms: 1_000, at_most_ms: 5_000, ..RetryPlan::default() };
        let seconds = [1, 2, 3, 4, 64, 65, u32::MAX].map(|nth| plan.pause(nth).as_secs());
        assert_eq!(seconds, [1, 2, 4, 5, 5, 5, 5]);
    }
}
