//! A commit under way.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::commit::{Begun, HandOver, at_once, queued};
use super::sight::Committing;
use super::{Alongside, Bus, CommitError, CommitReason, CommitSet};
use crate::elsewhere;
use crate::store::Receipt;

/// A commit that was handed to the store and not yet answered: see [`Bus::submit`].
///
/// [Wait](Self::wait) for it on a thread, or `.await` it on any executor: that never blocks. What has
/// to be put together anew, because others were faster, is put together on another thread, tokio's
/// with the feature `tokio`. Dropping it cancels nothing that the store has.
#[must_use = "a commit is durable only when this says so: wait on it"]
pub struct Submitted<A> {
    bus: Bus,
    aggregates: A,
    alongside: Alongside,
    begun: Result<Begun, CommitReason>,
    sight: Committing,
}

impl<A: fmt::Debug> fmt::Debug for Submitted<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitted").field("aggregates", &self.aggregates).finish_non_exhaustive()
    }
}

impl<A: CommitSet> Submitted<A> {
    pub(crate) fn new(bus: Bus, aggregates: A, alongside: Alongside) -> Self {
        Self::handed_over(bus, aggregates, alongside, queued)
    }

    /// A commit for which somebody waits: the store may do it on this thread.
    pub(super) fn at_once(bus: Bus, aggregates: A, alongside: Alongside) -> Self {
        Self::handed_over(bus, aggregates, alongside, at_once)
    }

    fn handed_over(bus: Bus, mut aggregates: A, alongside: Alongside, hand_over: HandOver) -> Self {
        let sight = Committing::begin();
        let begin = || bus.inner.begin(&mut aggregates, &alongside, hand_over, &sight);
        let begun = sight.work(begin);
        Self { bus, aggregates, alongside, begun, sight }
    }

    /// Blocks until the store has answered.
    ///
    /// # Errors
    /// As [`Bus::commit`].
    pub fn wait(self) -> Result<(A, Receipt), CommitError<A>> {
        let Self { bus, mut aggregates, alongside, begun, sight } = self;
        let conclude = |begun| bus.inner.conclude(&mut aggregates, &alongside, begun);
        let concluded = sight.work(|| begun.and_then(conclude));
        sight.conclude(&concluded);
        match concluded {
            Ok(receipt) => Ok((aggregates, receipt)),
            Err(reason) => Err(CommitError::new(aggregates, reason)),
        }
    }
}

impl<A: CommitSet + Send + 'static> IntoFuture for Submitted<A> {
    type Output = Result<(A, Receipt), CommitError<A>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            if poll_fn(|cx| self.must_be_retried(cx)).await {
                elsewhere::run(move || self.wait()).await
            } else {
                // The answer is there: nothing of this blocks any more.
                self.wait()
            }
        })
    }
}

impl<A: CommitSet> Submitted<A> {
    /// Waits for the answer, and says whether the commit has to be put together anew.
    fn must_be_retried(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let Ok(Begun::Tried(tried)) = &mut self.begun else {
            return Poll::Ready(false);
        };
        let Poll::Ready(answer) = Pin::new(&mut tried.ticket).poll(cx) else {
            return Poll::Pending;
        };
        let again = |error| self.bus.inner.may_retry(&error, &self.aggregates, &self.alongside);
        Poll::Ready(answer.err().is_some_and(|error| again(error).unwrap_or(true)))
    }
}
