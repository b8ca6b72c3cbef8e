//! A clock that stands still, and passes only where a test says so.
//!
//! Where it stands still, no wait ever times out: a wake-up that is lost is a deadlock, which the
//! scheduler reports. Where it [passes](passing), it does so at any moment that the scheduler chooses,
//! from one moment that somebody waits for to the next: every order of time-outs and everything
//! else can come up, and a wait that is over is never missed.

pub use std::time::Duration;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shuttle::sync::Condvar;
use shuttle::thread::{self, Thread};

shuttle::lazy_static! {
    // One for each execution.
    static ref CLOCK: Mutex<Clock> = Mutex::new(Clock::default());
}

#[derive(Default)]
struct Clock {
    now: Duration,
    /// By when they are due: what those that wait with an end wait for.
    alarms: BTreeMap<(Duration, u64), Arc<Condvar>>,
    alarms_ever: u64,
    /// The thread that lets time pass.
    hand: Option<Thread>,
    over: bool,
}

/// A moment, as `std::time::Instant` is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    /// The moment that the clock says.
    #[must_use]
    pub fn now() -> Self {
        Self(clock().now)
    }

    /// A later moment, `None` if there is no such.
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        // A real clock has come some way, so that not every duration can be added.
        let end = Duration::MAX.checked_sub(Duration::from_secs(1))?;
        self.0.checked_add(duration).filter(|at| *at <= end).map(Self)
    }

    /// How long this one is after another; nothing if it is before.
    #[must_use]
    pub fn duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// How long this one is after another; nothing if it is before.
    #[must_use]
    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}

/// Lets time pass while a body runs.
pub fn passing(body: impl FnOnce()) {
    let hand = thread::spawn(pass);
    clock().hand = Some(hand.thread().clone());
    body();
    clock().over = true;
    hand.thread().unpark();
    hand.join().expect("time does not end of itself");
}

/// Goes to the next moment that somebody waits for, again and again.
fn pass() {
    while !clock().over {
        // Due or not: real waits end for no reason too. Again and again: one may not have begun yet.
        let waits: Vec<_> = clock().alarms.values().cloned().collect();
        if waits.is_empty() {
            thread::park();
            continue;
        }
        waits.iter().for_each(|condvar| condvar.notify_all());
        thread::yield_now();
        let mut clock = clock();
        let later = clock.alarms.keys().map(|(at, _)| *at).find(|at| *at > clock.now);
        clock.now = later.unwrap_or(clock.now);
    }
}

/// What ends a wait when its time is over, while the wait lasts.
pub(crate) struct Alarm(Option<(Duration, u64)>);

impl Alarm {
    pub(crate) fn after(timeout: Duration, condvar: &Arc<Condvar>) -> Self {
        let Some(at) = Instant::now().checked_add(timeout) else { return Self(None) };
        let mut clock = clock();
        clock.alarms_ever += 1;
        let alarm = (at.0, clock.alarms_ever);
        clock.alarms.insert(alarm, Arc::clone(condvar));
        let hand = clock.hand.clone();
        drop(clock);
        if let Some(hand) = hand {
            hand.unpark();
        }
        Self(Some(alarm))
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Some(alarm) = self.0 {
            clock().alarms.remove(&alarm);
        }
    }
}

/// Held for no longer than nothing else can run.
fn clock() -> MutexGuard<'static, Clock> {
    CLOCK.lock().unwrap_or_else(PoisonError::into_inner)
}
