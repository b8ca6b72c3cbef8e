//! Errors that carry the aggregate back.

use std::error::Error;
use std::fmt;

use super::Aggregate;
use crate::event::EncodeError;
use crate::lifecycle::{Illegal, Lifecycle, Rejection};
use crate::name::InvalidName;

/// An event was not recorded. Holds the aggregate as it was.
pub struct RecordError<A, R>(Box<(A, RecordReason<R>)>);

/// Why an event was not recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordReason<R> {
    /// The event has no edge in this state.
    #[error(transparent)]
    Illegal(Illegal),
    /// The edge's guard said no.
    #[error(transparent)]
    Refused(R),
    /// The payload does not encode.
    #[error(transparent)]
    Encode(EncodeError),
    /// A tagged field's value cannot be part of a tag.
    #[error("a tagged field of `{event}` cannot be a tag")]
    Tag {
        /// The stored name of the event.
        event: &'static str,
        /// Why.
        source: InvalidName,
    },
    /// The stream holds as many events as a stream can.
    #[error("the stream is full; begin another one")]
    Full,
}

impl<R> From<Rejection<R>> for RecordReason<R> {
    fn from(rejection: Rejection<R>) -> Self {
        match rejection {
            Rejection::Illegal(illegal) => Self::Illegal(illegal),
            Rejection::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

impl<A, R> RecordError<A, R> {
    pub(super) fn new(aggregate: A, reason: RecordReason<R>) -> Self {
        Self(Box::new((aggregate, reason)))
    }

    /// Why the event was not recorded.
    #[must_use]
    pub fn reason(&self) -> &RecordReason<R> {
        &self.0.1
    }

    /// The aggregate as it was before.
    #[must_use]
    pub fn into_aggregate(self) -> A {
        self.0.0
    }

    /// The aggregate as it was before, and why the event was not recorded.
    #[must_use]
    pub fn into_parts(self) -> (A, RecordReason<R>) {
        *self.0
    }
}

impl<A, R: fmt::Display> fmt::Display for RecordError<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.1.fmt(f)
    }
}

impl<A, R: fmt::Debug> fmt::Debug for RecordError<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecordError").field(&self.0.1).finish()
    }
}

impl<A, R: Error + 'static> Error for RecordError<A, R> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.1.source()
    }
}

/// An aggregate is in another state than the one asked for. Holds the aggregate.
pub struct WrongState<L: Lifecycle>(Box<(Aggregate<L>, &'static str)>);

impl<L: Lifecycle> WrongState<L> {
    pub(super) fn new(aggregate: Aggregate<L>, wanted: &'static str) -> Self {
        Self(Box::new((aggregate, wanted)))
    }

    /// The aggregate.
    #[must_use]
    pub fn into_aggregate(self) -> Aggregate<L> {
        self.0.0
    }
}

impl<L: Lifecycle> fmt::Display for WrongState<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (aggregate, wanted) = &*self.0;
        write!(
            f,
            "`{}` is in state `{}`, not in `{}`; match on `typed()` to handle every state",
            aggregate.stream(),
            aggregate.state().state().name,
            wanted
        )
    }
}

impl<L: Lifecycle> fmt::Debug for WrongState<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrongState({self})")
    }
}

impl<L: Lifecycle> Error for WrongState<L> {}
