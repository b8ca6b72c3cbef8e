//! Work that blocks, for a task that must not.
//!
//! Owns where such work is done: on tokio's threads for it, inside of tokio and with the feature
//! `tokio`; else on a thread of its own. Never loses it: what nobody else does, who waits for it does.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// What work comes to that is done elsewhere. Dropping it stops nothing that has begun.
#[derive(Debug)]
pub(crate) struct Elsewhere<F, T>(Arc<Mutex<State<F, T>>>);

#[derive(Debug)]
struct State<F, T> {
    /// Until somebody has begun with it.
    work: Option<F>,
    outcome: Option<Result<T, Box<dyn Any + Send>>>,
    /// Nobody else will do it now, or it is done.
    ended: bool,
    waker: Option<Waker>,
}

/// Does something that may block, on another thread.
pub(crate) fn run<F, T>(work: F) -> Elsewhere<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let state = State { work: Some(work), outcome: None, ended: false, waker: None };
    let state = Arc::new(Mutex::new(state));
    let job = Job(Arc::clone(&state));
    start(move || job.run());
    Elsewhere(state)
}

/// Hands a job to a thread. A thread that is not to be had drops it.
fn start(job: impl FnOnce() + Send + 'static) {
    #[cfg(feature = "tokio")]
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        drop(runtime.spawn_blocking(job));
        return;
    }
    drop(std::thread::Builder::new().name("vitae".to_owned()).spawn(job));
}

impl<F: FnOnce() -> T, T> Future for Elsewhere<F, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let waker = cx.waker().clone();
        let mut state = lock(&self.0);
        if !state.ended {
            let former = state.waker.replace(waker);
            drop(state);
            drop(former);
            return Poll::Pending;
        }
        let (work, outcome) = (state.work.take(), state.outcome.take());
        drop(state);
        match (outcome, work) {
            (Some(Ok(outcome)), _) => Poll::Ready(outcome),
            // The panic of a user's code is its caller's, here as on the caller's own thread.
            (Some(Err(panic)), _) => resume_unwind(panic),
            // There was no thread: the machine has no more, or the runtime is shutting down.
            (None, Some(work)) => Poll::Ready(work()),
            // It was asked again after its answer.
            (None, None) => Poll::Pending,
        }
    }
}

/// The other end: dropped when the work is done, or will not be.
struct Job<F, T>(Arc<Mutex<State<F, T>>>);

impl<F: FnOnce() -> T, T> Job<F, T> {
    fn run(self) {
        let work = lock(&self.0).work.take();
        let outcome = work.map(|work| catch_unwind(AssertUnwindSafe(work)));
        lock(&self.0).outcome = outcome;
    }
}

impl<F, T> Drop for Job<F, T> {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        state.ended = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

fn lock<F, T>(state: &Mutex<State<F, T>>) -> MutexGuard<'_, State<F, T>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
