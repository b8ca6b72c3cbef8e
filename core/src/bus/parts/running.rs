//! Parts at work on threads of their own.
//!
//! Owns when a part has its next step: at once after one that moved it, when the log goes on, when this
//! bus has committed rows for it, when a time has come, or after a pause if it could not go on. Nobody polls
//! the log; but rows that others commit without an event wake nobody, so each looks once in a while.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::bell::Bell;
use super::{PartKind, Step, Watched, guarded};
use crate::bus::{Bus, Inner};
use crate::id::CommitId;
use crate::name::Name;
use crate::store::ReadError;
use crate::time::Timestamp;

/// The first pause of a part that cannot go on.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// How long a part waits at the most before it looks again: another bus may have committed rows without an
/// event, such as those of a timer or of a shadow, and a clock may be set.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The parts of a bus at work: see [`Bus::start`]. Dropping it tells them to stop and does not wait.
#[must_use = "the parts stop when this is dropped"]
pub struct Running {
    workers: Vec<Worker>,
}

struct Worker {
    kind: PartKind,
    name: Name,
    bell: Arc<Bell>,
    thread: JoinHandle<()>,
}

/// Parts that were still at work when the time was over. Each stops by itself when it is through with
/// what it has in hand; nothing of that is lost or done twice.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{} not come to an end in time: {}", have(parts), list(parts))]
pub struct StillRunning {
    /// The parts.
    pub parts: Vec<(PartKind, Name)>,
}

fn have(parts: &[(PartKind, Name)]) -> String {
    if parts.len() == 1 { "1 part has".to_owned() } else { format!("{} parts have", parts.len()) }
}

fn list(parts: &[(PartKind, Name)]) -> String {
    let named = parts.iter().map(|(kind, name)| format!("{kind} `{name}`"));
    named.collect::<Vec<_>>().join(", ")
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("parts", &self.workers.len()).finish()
    }
}

impl Bus {
    /// Lets every part that follows the log work on a thread of its own, until what is returned is
    /// [stopped](Running::stop) or dropped, or the store is closed. A part that cannot go on says so in
    /// [`status`](Self::status), and tries again after a pause, 50 ms at first and 30 s at the most.
    ///
    /// What comes to the log wakes them at once. What others do that is no event, they see within 1 s: a
    /// timer that another bus has set in a commit without events, a [shadow](crate::Shadow) that was begun
    /// there.
    ///
    /// Several buses and processes may run the same parts on one log: whoever is first goes on, and the
    /// others find it done.
    ///
    /// # Errors
    /// If there is no thread to be had; those that had begun are stopped.
    pub fn start(&self) -> std::io::Result<Running> {
        let mut running = Running { workers: Vec::new() };
        let parts = &self.inner.parts;
        for watched in &parts.all {
            let (kind, name) = (watched.part.kind(), watched.part.name().clone());
            let bell = Arc::new(Bell::default());
            parts.bells.add(&bell);
            let (inner, part, rings) =
                (Arc::clone(&self.inner), Arc::clone(watched), Arc::clone(&bell));
            let thread = std::thread::Builder::new()
                .name(format!("vitae {kind}"))
                .spawn(move || work(&inner, &part, &rings))?;
            running.workers.push(Worker { kind, name, bell, thread });
        }
        Ok(running)
    }
}

impl Running {
    /// Tells all parts to stop, and waits until they have, or the time is over. A part finishes the event
    /// that it has in hand, or of a projection in tables those of its batch, commits what it has done, and
    /// begins nothing new.
    ///
    /// # Errors
    /// [`StillRunning`] with those that were not through in time.
    pub fn stop(mut self, timeout: Duration) -> Result<(), StillRunning> {
        let deadline = Instant::now().checked_add(timeout);
        let workers = std::mem::take(&mut self.workers);
        workers.iter().for_each(|worker| worker.bell.stop());
        let mut parts = Vec::new();
        for worker in workers {
            if worker.bell.has_ended(deadline) {
                // It catches what handlers do; whatever else happened, it has ended.
                let _ = worker.thread.join();
            } else {
                parts.push((worker.kind, worker.name));
            }
        }
        if parts.is_empty() { Ok(()) } else { Err(StillRunning { parts }) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.workers.iter().for_each(|worker| worker.bell.stop());
    }
}

fn work(inner: &Inner, watched: &Watched, bell: &Arc<Bell>) {
    let _ended = Ended(Arc::clone(bell));
    let mut failures = 0;
    while !bell.is_stopped() {
        // Before the step: what comes during it is found by the next one.
        let changes = inner.store.changes();
        let head = changes.head();
        match watched.step(inner, &|| bell.is_stopped()) {
            Ok(Step::Moved) => failures = 0,
            Ok(Step::Idle { until }) => {
                failures = 0;
                let mut past = changes.past(head);
                let waker = Waker::from(Arc::clone(bell));
                match Pin::new(&mut past).poll(&mut Context::from_waker(&waker)) {
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(ReadError::Closed)) => return,
                    // The step after it finds out what is the matter.
                    Poll::Ready(Err(_)) => bell.pause(FIRST_PAUSE),
                    Poll::Pending => bell.wait(until.map_or(LONGEST_WAIT, |at| left(inner, at))),
                }
            }
            Err(error) if error.is_for_good() => return,
            Err(_) => {
                bell.pause(pause(failures, watched.part.longest_pause()));
                failures = failures.saturating_add(1);
            }
        }
    }
}

/// How long to wait for a time, before the clock is looked at again.
fn left(inner: &Inner, at: Timestamp) -> Duration {
    // A clock that panics does so in a step as well, which says so.
    let Ok(now) = guarded(|| Ok(inner.home.clock.now())) else { return LONGEST_WAIT };
    let micros = at.as_micros().saturating_sub(now.as_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0)).min(LONGEST_WAIT)
}

/// Twice as long each time, and somewhere between half of it and all, so that two do not keep step.
fn pause(failures: u32, longest: Duration) -> Duration {
    let most = FIRST_PAUSE.saturating_mul(1 << failures.min(16)).min(longest);
    let [.., random] = *CommitId::generate().as_bytes();
    most / 2 + most.mul_f64(f64::from(random) / 512.0)
}

/// Says that a part has ended, however it did.
struct Ended(Arc<Bell>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.end();
    }
}
