//! A commit under way.

use std::fmt;

use super::commit::Begun;
use super::{Alongside, Bus, CommitError, CommitReason, CommitSet};
use crate::store::Receipt;

/// A commit that was handed to the store and not yet answered: see [`Bus::submit`].
#[must_use = "a commit is durable only when this says so: wait on it"]
pub struct Submitted<A> {
    bus: Bus,
    aggregates: A,
    alongside: Alongside,
    begun: Result<Begun, CommitReason>,
}

impl<A: fmt::Debug> fmt::Debug for Submitted<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitted").field("aggregates", &self.aggregates).finish_non_exhaustive()
    }
}

impl<A: CommitSet> Submitted<A> {
    pub(super) fn new(bus: Bus, mut aggregates: A, alongside: Alongside) -> Self {
        let begun = bus.inner.begin(&mut aggregates, &alongside);
        Self { bus, aggregates, alongside, begun }
    }

    /// Blocks until the store has answered.
    ///
    /// # Errors
    /// As [`Bus::commit`].
    pub fn wait(self) -> Result<(A, Receipt), CommitError<A>> {
        let Self { bus, mut aggregates, alongside, begun } = self;
        let concluded =
            begun.and_then(|begun| bus.inner.conclude(&mut aggregates, &alongside, begun));
        match concluded {
            Ok(receipt) => Ok((aggregates, receipt)),
            Err(reason) => Err(CommitError::new(aggregates, reason)),
        }
    }
}
