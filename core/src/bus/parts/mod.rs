//! The parts of a bus that work on their own: durable policies, catch-up projections, effects, timers.
//!
//! Owns in what order they work, what is known of each, and that what one of them does wrong harms no
//! other. Never knows what a part does with an event.

mod ahead;
mod bell;
mod contexts;
mod error;
mod follower;
mod running;
mod status;

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Bus, DueTimers, HandlerError, Inner, ShadowProgress, sight};
use crate::name::Name;
use crate::number::GlobalPosition;
use crate::store::ReadError;
use crate::time::Timestamp;

use bell::Bells;
pub(super) use contexts::Contexts;
pub use error::{PartError, PartFailed};
pub(super) use follower::{Follower, NotTaken, Prepared, Stopped, lock};
pub use running::{Running, StillRunning};
pub(super) use status::COUNTED;
pub use status::{PartKind, PartState, PartStatus};

/// The longest pause of a part that cannot go on, unless it says otherwise.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Something that follows the log, a step at a time.
pub(super) trait Part: Send + Sync {
    fn kind(&self) -> PartKind;

    fn name(&self) -> &Name;

    /// Deals with what comes next, or with the first of it if it is to stop. What was not dealt with, because
    /// of an error too, comes again.
    fn step(&self, inner: &Inner, stop: Stop<'_>) -> Result<Step, PartError>;

    /// The last event that it has dealt with for good; `None` before the first.
    fn position(&self, inner: &Inner) -> Result<Option<GlobalPosition>, ReadError>;

    /// The last event that this bus has looked at or passed over, if it knows.
    fn seen(&self, inner: &Inner) -> Option<GlobalPosition>;

    /// What went wrong in the last step although it went on, told once.
    fn complaint(&self) -> Option<PartError> {
        None
    }

    /// The longest pause before it tries again what it could not do.
    fn longest_pause(&self) -> Duration {
        LONGEST_PAUSE
    }

    /// How far a shadow of it has come, if there is one.
    fn shadow(&self, _inner: &Inner) -> Result<Option<ShadowProgress>, ReadError> {
        Ok(None)
    }

    /// How many events it has parked, if it parks any.
    fn parked(&self, _inner: &Inner) -> Result<Option<usize>, ReadError> {
        Ok(None)
    }

    /// Which timers are due, if it lets them fire.
    fn timers(&self, _inner: &Inner) -> Result<Option<DueTimers>, ReadError> {
        Ok(None)
    }
}

/// Whether a part is to stop: asked between two events.
pub(super) type Stop<'a> = &'a dyn Fn() -> bool;

/// The events that a step deals with, numbered from 0: the first, and the others until the part is to stop.
pub(super) fn until_stopped<'a, T>(
    events: &'a [T],
    stop: impl Fn() -> bool + 'a,
) -> impl Iterator<Item = (usize, &'a T)> {
    events.iter().enumerate().take_while(move |(at, _)| *at == 0 || !stop())
}

/// What a step came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Something was done: there may be more.
    Moved,
    /// There is nothing to do until the log goes on, or until a time.
    Idle {
        /// When there is something to do although the log has not gone on.
        until: Option<Timestamp>,
    },
}

impl Step {
    /// Nothing to do until the log goes on.
    pub(super) const IDLE: Self = Self::Idle { until: None };
}

/// A part, and what is known of its work.
struct Watched {
    part: Arc<dyn Part>,
    report: Mutex<Report>,
}

/// How the last steps of a part went.
#[derive(Clone, Default)]
struct Report {
    /// How often in a row it has failed.
    failures: u32,
    last_error: Option<Arc<PartError>>,
}

impl Watched {
    fn step(&self, inner: &Inner, stop: Stop<'_>) -> Result<Step, Arc<PartError>> {
        let begun = Instant::now();
        // Handlers are guarded where they are called. Whatever else panics, a clock or a body, must not end
        // the part's thread unheard.
        let step = guarded(|| Ok(self.part.step(inner, stop)));
        let step = step.unwrap_or_else(|panic| Err(PartError::Panicked(panic)));
        if let Some(error) = self.part.complaint() {
            self.tell(error, "goes on without it");
        }
        match step {
            Ok(step) => {
                self.report().failures = 0;
                if step == Step::Moved {
                    sight::stepped(self.part.kind(), self.part.name(), begun, false);
                }
                Ok(step)
            }
            Err(error) => {
                sight::stepped(self.part.kind(), self.part.name(), begun, true);
                let error = self.tell(error, "cannot go on");
                let mut report = self.report();
                report.failures = report.failures.saturating_add(1);
                Err(error)
            }
        }
    }

    fn tell(&self, error: PartError, what: &str) -> Arc<PartError> {
        let (part, name) = (self.part.kind(), self.part.name());
        tracing::warn!(%part, %name, error = &error as &dyn Error, "{what}");
        let error = Arc::new(error);
        self.report().last_error = Some(Arc::clone(&error));
        error
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The parts of a bus, in the order in which they were added.
pub(super) struct Parts {
    all: Vec<Arc<Watched>>,
    bells: Bells,
}

impl Parts {
    pub(super) fn new(parts: Vec<Arc<dyn Part>>) -> Self {
        let watched = |part| Arc::new(Watched { part, report: Mutex::default() });
        Self { all: parts.into_iter().map(watched).collect(), bells: Bells::default() }
    }

    /// Wakes those that are at work: rows for them were committed without an event, which would have.
    pub(super) fn ring(&self) {
        self.bells.ring();
    }
}

/// Runs somebody else's code. A panic is its error.
pub(super) fn guarded<T>(
    handler: impl FnOnce() -> Result<T, HandlerError>,
) -> Result<T, HandlerError> {
    catch_unwind(AssertUnwindSafe(handler)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().copied();
        let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Err(format!("it panicked: {}", said.unwrap_or("without a message")).into())
    })
}

impl Bus {
    /// Lets every part that follows the log work until none has anything left to do: durable policies,
    /// projections that catch up, effects and timers, with what they cause. On the caller's thread, and
    /// without a pause: what is due later by the bus's clock stays so.
    ///
    /// For tests, and for programs without threads of their own; else there is
    /// [`start`](Self::start). Both can be used at the same time, and by several processes.
    ///
    /// # Errors
    /// [`PartFailed`], with the first part that could not go on. The others came as far as they could
    /// nevertheless. What a part could not do, it tries again the next time.
    pub fn catch_up(&self) -> Result<(), PartFailed> {
        let parts = &self.inner.parts.all;
        let mut failed: Vec<Option<Arc<PartError>>> = vec![None; parts.len()];
        let mut moved = true;
        while moved {
            moved = false;
            for (watched, failed) in parts.iter().zip(&mut failed) {
                while failed.is_none() {
                    match watched.step(&self.inner, &|| false) {
                        Ok(Step::Moved) => moved = true,
                        Ok(Step::Idle { .. }) => break,
                        Err(error) => *failed = Some(error),
                    }
                }
            }
        }
        let first = parts.iter().zip(failed).find_map(|(watched, failed)| Some((watched, failed?)));
        match first {
            None => Ok(()),
            Some((watched, source)) => {
                let (kind, name) = (watched.part.kind(), watched.part.name().clone());
                Err(PartFailed { kind, name, source })
            }
        }
    }
}
