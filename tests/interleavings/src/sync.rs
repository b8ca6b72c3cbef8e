//! Locks, as `std::sync` has them.

pub use std::sync::*;

pub use shuttle::sync::{Mutex, MutexGuard, WaitTimeoutResult};

use crate::time::{Alarm, Duration};

/// A condition variable whose waits can time out where time [passes](crate::time::passing). There those
/// with an end sometimes end for no reason too, as real ones may.
#[derive(Debug, Default)]
pub struct Condvar(Arc<shuttle::sync::Condvar>);

impl Condvar {
    /// One that nobody waits for.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the lock back until somebody notifies.
    ///
    /// # Errors
    /// As the real one's.
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.0.wait(guard)
    }

    /// Gives the lock back until somebody notifies or the time is over. Which of them it was is for the
    /// caller to find out: the second part of the answer is always that it was not the time.
    ///
    /// # Errors
    /// As the real one's.
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let _alarm = Alarm::after(timeout, &self.0);
        self.0.wait_timeout(guard, timeout)
    }

    /// Wakes one of those that wait.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all that wait.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}
