//! What wakes the parts that are at work.
//!
//! Owns that no ring is lost: one that comes before the wait ends it at once. Never knows why it rings.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Wake;
use std::time::{Duration, Instant};

/// What wakes a part, and tells it to stop.
#[derive(Default)]
pub(super) struct Bell {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Default)]
struct State {
    rings: bool,
    stopped: bool,
    ended: bool,
}

impl Bell {
    /// Waits until it rings, or is told to stop, or the time is over.
    pub(super) fn wait(&self, timeout: Duration) {
        self.wait_while(timeout, |state| !state.rings && !state.stopped).rings = false;
    }

    /// Waits until it is told to stop, or the time is over, however it rings.
    pub(super) fn pause(&self, timeout: Duration) {
        drop(self.wait_while(timeout, |state| !state.stopped));
    }

    pub(super) fn ring(&self) {
        self.lock().rings = true;
        self.rung.notify_all();
    }

    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.rung.notify_all();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Says that the part has ended.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.rung.notify_all();
    }

    /// Waits until the part has ended. False if the time is over before.
    pub(super) fn has_ended(&self, deadline: Option<Instant>) -> bool {
        self.wait_until(deadline, |state| !state.ended).ended
    }

    fn wait_while(
        &self,
        timeout: Duration,
        goes_on: impl Fn(&State) -> bool,
    ) -> MutexGuard<'_, State> {
        self.wait_until(Instant::now().checked_add(timeout), goes_on)
    }

    fn wait_until(
        &self,
        deadline: Option<Instant>,
        goes_on: impl Fn(&State) -> bool,
    ) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        while goes_on(&state) {
            let left =
                deadline.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            let waited = self.rung.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}

/// The bells of the parts of one bus that are at work.
#[derive(Default)]
pub(super) struct Bells(Mutex<Vec<Weak<Bell>>>);

impl Bells {
    pub(super) fn add(&self, bell: &Arc<Bell>) {
        let mut all = self.lock();
        all.retain(|bell| bell.strong_count() > 0);
        all.push(Arc::downgrade(bell));
    }

    pub(super) fn ring(&self) {
        self.lock().iter().filter_map(Weak::upgrade).for_each(|bell| bell.ring());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Bell>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
