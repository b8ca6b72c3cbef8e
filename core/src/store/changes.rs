//! How far a log has come, and waiting for it to go on.
//!
//! Owns the readers that wait and their waking. Never knows what an event holds, and never says of
//! a position that it can be read before a store has said so.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::ReadError;
use crate::number::GlobalPosition;

/// A position, or nothing while there is none.
type Head = Option<GlobalPosition>;

/// How far a log has come, for those who wait for it to go on: see
/// [`EventStore::changes`](super::EventStore::changes).
///
/// It does not keep the store open. Once the store is closed, every wait ends with
/// [`ReadError::Closed`].
#[derive(Clone, Debug)]
pub struct Changes(Arc<Shared>);

/// The store's end of [`Changes`]. Dropping it closes it.
#[derive(Debug)]
pub struct Publisher(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// For threads that wait for the log.
    moved: Condvar,
    /// For a thread that looks for news only while somebody waits for them.
    awaited: Condvar,
}

#[derive(Debug, Default)]
struct State {
    head: Head,
    /// How often it could not be known how far the log has come, and why the last time.
    faults: u64,
    fault: Option<ReadError>,
    closed: bool,
    threads: usize,
    tasks: BTreeMap<u64, (Wait, Waker)>,
    next_task: u64,
}

/// What ends a wait: an event behind a position, or one fault more.
#[derive(Clone, Copy, Debug)]
struct Wait {
    seen: Head,
    faults: u64,
}

impl Publisher {
    /// The store's end of a log whose last event is known to be this one.
    #[must_use]
    pub fn new(head: Option<GlobalPosition>) -> Self {
        let state = Mutex::new(State { head, ..State::default() });
        Self(Arc::new(Shared { state, ..Shared::default() }))
    }

    /// The readers' end.
    #[must_use]
    pub fn changes(&self) -> Changes {
        Changes(Arc::clone(&self.0))
    }

    /// Says that every event up to this one can be read, and wakes who waits for one of them. A
    /// position behind an earlier one says nothing new.
    ///
    /// To be called after the commit, outside every lock: wakers are other people's code.
    pub fn publish(&self, head: Option<GlobalPosition>) {
        self.0.change(|state| state.head = state.head.max(head));
    }

    /// Says that it cannot be known now how far the log has come, and why: every wait of now ends with
    /// this. Who waits anew is told what comes then.
    pub fn fail(&self, fault: ReadError) {
        self.0.change(|state| {
            state.faults = state.faults.saturating_add(1);
            state.fault = Some(fault);
        });
    }

    /// Ends every wait, now and later, with [`ReadError::Closed`].
    pub fn close(&self) {
        self.0.change(|state| state.closed = true);
        self.0.awaited.notify_all();
    }

    /// Blocks for a pause, and then for as long as nobody waits: for a thread that has to look for
    /// news itself. False as soon as this is closed.
    #[must_use]
    pub fn until_awaited(&self, pause: Duration) -> bool {
        let deadline = Instant::now().checked_add(pause);
        let mut state = self.0.lock();
        loop {
            let left = left_until(deadline);
            if state.closed {
                return false;
            }
            state = if !left.is_zero() {
                let waited = self.0.awaited.wait_timeout(state, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            } else if state.threads == 0 && state.tasks.is_empty() {
                self.0.awaited.wait(state).unwrap_or_else(PoisonError::into_inner)
            } else {
                return true;
            };
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.close();
    }
}

impl Changes {
    /// The last event that is known to be readable, `None` while there is none. The log may have gone
    /// on since.
    #[must_use]
    pub fn head(&self) -> Option<GlobalPosition> {
        self.0.lock().head
    }

    /// Blocks until an event behind this position can be read, and says up to which.
    ///
    /// # Errors
    /// [`ReadError::Closed`] once the store is closed, or what keeps it from knowing.
    pub fn wait_past(&self, seen: Option<GlobalPosition>) -> Result<GlobalPosition, ReadError> {
        loop {
            // Without an end in sight that a clock can hold.
            if let Some(head) = self.wait_past_timeout(seen, Duration::MAX)? {
                return Ok(head);
            }
        }
    }

    /// [`wait_past`](Self::wait_past), but no longer than this: then `None`.
    ///
    /// # Errors
    /// As [`wait_past`](Self::wait_past).
    pub fn wait_past_timeout(
        &self,
        seen: Option<GlobalPosition>,
        timeout: Duration,
    ) -> Result<Option<GlobalPosition>, ReadError> {
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.0.lock();
        let wait = state.wait(seen);
        loop {
            if let Some(outcome) = state.end_of(wait) {
                return outcome.map(Some);
            }
            let left = left_until(deadline);
            if left.is_zero() {
                return Ok(None);
            }
            state.threads += 1;
            self.0.awaited.notify_all();
            let waited = self.0.moved.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.threads -= 1;
        }
    }

    /// [`wait_past`](Self::wait_past) for tasks, on any executor.
    pub fn past(&self, seen: Option<GlobalPosition>) -> Past {
        let wait = self.0.lock().wait(seen);
        Past { shared: Arc::clone(&self.0), wait, task: None }
    }
}

/// Waits for an event behind a position: see [`Changes::past`]. Dropping it ends the wait.
#[must_use = "futures do nothing unless they are awaited"]
#[derive(Debug)]
pub struct Past {
    shared: Arc<Shared>,
    wait: Wait,
    /// Its place among those that wait.
    task: Option<u64>,
}

impl Future for Past {
    type Output = Result<GlobalPosition, ReadError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // A waker is somebody else's code: it is copied before the lock is held and dropped after.
        let waker = cx.waker().clone();
        let mut state = self.shared.lock();
        if let Some(outcome) = state.end_of(self.wait) {
            return Poll::Ready(outcome);
        }
        let task = self.task.unwrap_or(state.next_task);
        state.next_task = state.next_task.max(task.saturating_add(1));
        let former = state.tasks.insert(task, (self.wait, waker));
        drop(state);
        self.shared.awaited.notify_all();
        self.task = Some(task);
        drop(former);
        Poll::Pending
    }
}

impl Drop for Past {
    fn drop(&mut self) {
        let former = self.task.and_then(|task| self.shared.lock().tasks.remove(&task));
        drop(former);
    }
}

impl State {
    const fn wait(&self, seen: Head) -> Wait {
        Wait { seen, faults: self.faults }
    }

    /// What a wait ends with, `None` while it goes on.
    fn end_of(&self, wait: Wait) -> Option<Result<GlobalPosition, ReadError>> {
        if self.closed {
            return Some(Err(ReadError::Closed));
        }
        let news = self.head.filter(|head| Some(*head) > wait.seen).map(Ok);
        let fault = || self.fault.clone().filter(|_| self.faults > wait.faults).map(Err);
        news.or_else(fault)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes whose wait has ended with it.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let tasks = std::mem::take(&mut state.tasks);
        let (ended, waiting): (BTreeMap<_, _>, BTreeMap<_, _>) =
            tasks.into_iter().partition(|(_, (wait, _))| state.end_of(*wait).is_some());
        state.tasks = waiting;
        drop(state);
        self.moved.notify_all();
        ended.into_values().for_each(|(_, waker)| waker.wake());
    }
}

fn left_until(deadline: Option<Instant>) -> Duration {
    deadline.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()))
}
