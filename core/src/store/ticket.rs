//! A commit that was handed to a store, for threads and for tasks alike.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::{AppendError, Commit, Receipt};
use crate::id::CommitId;

type Answer = Result<Receipt, AppendError>;

/// A commit under way. Block on it with [`wait`](Ticket::wait), or `.await` it.
///
/// Its waker may be called on the thread that writes: a waker must not wait for the store.
///
/// Dropping it cancels nothing.
#[must_use = "a commit is durable only when its ticket says so: wait on it"]
#[derive(Debug)]
pub struct Ticket(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    answered: Condvar,
}

#[derive(Debug, Default)]
struct State {
    answer: Option<Answer>,
    waker: Option<Waker>,
    /// Whether a thread waits: to wake none is a call of the operating system too.
    waited_on: bool,
    /// What was answered, for whoever hears the answer to drop.
    spent: Option<Commit>,
}

impl Ticket {
    /// A ticket that is answered already.
    pub fn ready(answer: Answer) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::new(State { answer: Some(answer), ..State::default() }),
            answered: Condvar::new(),
        }))
    }

    /// A ticket, and the other end that answers it.
    pub fn pending(commit: CommitId) -> (Self, Completer) {
        let shared =
            Arc::new(Shared { state: Mutex::new(State::default()), answered: Condvar::new() });
        (Self(Arc::clone(&shared)), Completer { unanswered: Some(shared), commit })
    }

    /// Blocks until the store has answered.
    ///
    /// # Errors
    /// What the store says of a commit that it did not acknowledge.
    pub fn wait(self) -> Answer {
        let mut state = self.0.lock();
        loop {
            if let Some(answer) = state.hear() {
                return answer;
            }
            state.waited_on = true;
            state = self.0.answered.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Blocks until the store has answered, or the time is over: then the ticket comes back, still
    /// pending.
    ///
    /// # Errors
    /// The ticket itself, if there is no answer yet.
    pub fn wait_timeout(self, timeout: Duration) -> Result<Answer, Self> {
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.0.lock();
        loop {
            if let Some(answer) = state.hear() {
                return Ok(answer);
            }
            let left = deadline.map_or(Duration::MAX, |at| at.duration_since(Instant::now()));
            if left.is_zero() {
                drop(state);
                return Err(self);
            }
            state.waited_on = true;
            let waited = self.0.answered.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Future for Ticket {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        let mut state = self.0.lock();
        match state.hear() {
            Some(answer) => Poll::Ready(answer),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl State {
    /// The answer, if there is one.
    fn hear(&mut self) -> Option<Answer> {
        self.spent = None;
        self.answer.clone()
    }
}

impl Shared {
    fn answer(&self, answer: Answer, spent: Option<Commit>) {
        let mut state = self.lock();
        (state.answer, state.spent) = (Some(answer), spent);
        let (waker, waited_on) = (state.waker.take(), state.waited_on);
        drop(state);
        if waited_on {
            self.answered.notify_all();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a ticket that a store answers. Dropped without an answer, the outcome is unknown: no
/// ticket hangs.
#[derive(Debug)]
pub struct Completer {
    /// The ticket's side, until it is answered.
    unanswered: Option<Arc<Shared>>,
    commit: CommitId,
}

impl Completer {
    /// Answers the ticket and wakes who waits on it.
    pub fn complete(mut self, answer: Answer) {
        if let Some(shared) = self.unanswered.take() {
            shared.answer(answer, None);
        }
    }

    /// Answers the ticket, and leaves the commit to whoever hears the answer: memory is freed fastest by
    /// the thread that took it, and one that writes for all has other things to do.
    pub fn complete_with(mut self, answer: Answer, spent: Commit) {
        if let Some(shared) = self.unanswered.take() {
            shared.answer(answer, Some(spent));
        }
    }
}

impl Drop for Completer {
    fn drop(&mut self) {
        if let Some(shared) = self.unanswered.take() {
            let source = Arc::new(Unanswered);
            shared.answer(Err(AppendError::OutcomeUnknown { commit: self.commit, source }), None);
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the store stopped before it answered")]
struct Unanswered;
