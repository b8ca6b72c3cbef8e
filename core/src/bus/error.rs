//! What can go wrong on a bus: one type for each operation.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::{PartError, PartKind};
use crate::aggregate::FoldError;
use crate::id::LogId;
use crate::name::{InvalidName, Name, OF_LIBRARY, StreamId};
use crate::number::{GlobalPosition, KindVersion, StreamVersion};
use crate::schema::CHANGED_SHAPE;
use crate::store::{AppendError, ReadError};

/// What a policy or a projection says when it cannot go on.
pub type HandlerError = Box<dyn Error + Send + Sync>;

/// Why a bus did not open. Nothing was written.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// An event has another shape here than in the log.
    #[error(
        "`{kind}` version {version} has another shape than in the log, or elsewhere on this bus; \
         {advice} (there: {stored}; here: {here})",
        advice = CHANGED_SHAPE
    )]
    SchemaMismatch {
        /// The kind.
        kind: Name,
        /// Its version.
        version: KindVersion,
        /// The schema in the log, or in another lifecycle of this bus.
        stored: Arc<str>,
        /// The schema in this program.
        here: Arc<str>,
    },
    /// The payload of an event is nested too deep for tools that read the log.
    #[error("the payload of `{kind}` version {version} is nested too deep; make it flatter")]
    TooDeep {
        /// The kind.
        kind: Name,
        /// Its version.
        version: KindVersion,
    },
    /// Two things that are told apart by their names have one.
    #[error("two {what} are named `{name}`; rename one of them")]
    Repeated {
        /// What they are.
        what: &'static str,
        /// The name.
        name: Name,
    },
    /// Something is named as only what belongs to the library is.
    #[error(
        "`{name}` is among the {what}, but names that begin with `{OF_LIBRARY}` are the library's own; \
         rename it"
    )]
    Reserved {
        /// What it is.
        what: &'static str,
        /// The name.
        name: Name,
    },
    /// Something follows the log, and handles none of its events.
    #[error("the {part} `{name}` handles no event; say what it handles with `on`, or leave it out")]
    HandlesNothing {
        /// What it is.
        part: PartKind,
        /// The name.
        name: String,
    },
    /// A projection or an effect has two handlers for one kind of event. One of them would not be asked.
    #[error(
        "the {part} `{name}` has two handlers for `{kind}`, and would ask only one; do in one what both do"
    )]
    TwoHandlers {
        /// What it is.
        part: PartKind,
        /// The name.
        name: String,
        /// The kind of event.
        kind: Name,
    },
    /// An inline projection has the view of one that [catches up](crate::Projection::catch_up). Readers see
    /// the rows of that one, and would not see what the inline one does.
    #[error(
        "the rows of the view `{view}` are those of a projection that catches up, and an inline one cannot \
         go on with them; let it catch up too, or name its view otherwise and rebuild that"
    )]
    NotInline {
        /// The view.
        view: Name,
    },
    /// The tables of a projection stand beside another log.
    #[error(
        "the tables of `{projection}` stand beside another log than {log}; open the projection over \
         the store of this bus"
    )]
    OtherLog {
        /// The projection.
        projection: String,
        /// The log of this bus.
        log: LogId,
    },
    /// Something is named by what cannot be a name.
    #[error("a name is not valid")]
    InvalidName(#[from] InvalidName),
    /// The store could not be read.
    #[error("the store could not be read")]
    Read(#[source] ReadError),
}

/// Why an aggregate was not loaded.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The life has not begun.
    #[error("`{stream}` does not exist; record its first event, or look at the id again")]
    NotFound {
        /// The stream that has no events.
        stream: StreamId,
    },
    /// The life has not come to the version.
    #[error("`{stream}` has no version {version}; {}", newest_of(*newest))]
    NoSuchVersion {
        /// The stream.
        stream: StreamId,
        /// The version that was asked for.
        version: StreamVersion,
        /// The newest one; `None` if the life has not begun.
        newest: Option<StreamVersion>,
    },
    /// The id cannot be a name.
    #[error("the id is not valid")]
    InvalidId(#[from] InvalidName),
    /// The store could not be read.
    #[error("the store could not be read")]
    Read(#[from] ReadError),
    /// An event of the stream cannot be taken by the lifecycle.
    #[error(transparent)]
    Fold(#[from] Box<FoldError>),
    /// The lifecycle does not fit the log.
    #[error("the lifecycle does not fit the log")]
    Schema(#[from] OpenError),
    /// The stream takes part in the same commit under another lifecycle type.
    #[error("`{stream}` belongs to another lifecycle type with the same name; rename one of them")]
    TwoLifecycles {
        /// The stream.
        stream: StreamId,
    },
}

fn newest_of(version: Option<StreamVersion>) -> String {
    version.map_or_else(|| "it has not begun".to_owned(), |version| format!("it is at {version}"))
}

/// A commit was not acknowledged. Holds the aggregates as they were: committing them again is the
/// same commit.
pub struct CommitError<A>(Box<(A, CommitReason)>);

/// Why a commit was not acknowledged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitReason {
    /// The store did not acknowledge it.
    #[error(transparent)]
    Append(AppendError),
    /// Others were faster each time, on a stream or a row that only policies and projections touched.
    /// Nothing was written; try again later.
    #[error("others were faster {tries} times; nothing was written, try again later")]
    Contended {
        /// How often the commit was put together.
        tries: u32,
        /// What was in the way the last time.
        source: AppendError,
    },
    /// A life that a policy wanted to see, or that had to be read again, could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store could not be asked what became of an earlier try, whose outcome is unknown still.
    #[error("the store could not be asked whether an earlier try is durable; try again")]
    Read(#[from] ReadError),
    /// A policy said no to an event, failed or panicked. Nothing was written.
    #[error("policy `{policy}` failed on `{kind}`; nothing was written")]
    Policy {
        /// The policy.
        policy: Name,
        /// The kind of event that it reacted to.
        kind: Name,
        /// What it says.
        source: HandlerError,
    },
    /// Policies cause each other without end. Nothing was written.
    #[error(
        "policy `{policy}` reacts to `{kind}` at depth {depth}: policies cause each other without \
         end; break the circle, or raise `max_policy_depth`"
    )]
    PolicyLoop {
        /// The policy whose turn it was.
        policy: Name,
        /// The kind of event that it would have reacted to.
        kind: Name,
        /// How many causes deep that event is.
        depth: u32,
    },
    /// An inline projection failed or panicked. Nothing was written.
    #[error("the projection of view `{view}` failed on `{kind}`; nothing was written")]
    Projection {
        /// The view.
        view: Name,
        /// The kind of event that it could not handle.
        kind: Name,
        /// What it says.
        source: HandlerError,
    },
    /// A stream stands twice among the aggregates.
    #[error("`{stream}` is committed twice at once; record everything in one aggregate")]
    SameStreamTwice {
        /// The stream.
        stream: StreamId,
    },
    /// An aggregate was loaded from another log.
    #[error("an aggregate was loaded from another log than {log}; commit it on its own bus")]
    OtherLog {
        /// The log of this bus.
        log: LogId,
    },
}

impl<A> CommitError<A> {
    pub(super) fn new(aggregates: A, reason: CommitReason) -> Self {
        Self(Box::new((aggregates, reason)))
    }

    /// Why the commit was not acknowledged.
    #[must_use]
    pub fn reason(&self) -> &CommitReason {
        &self.0.1
    }

    /// The aggregates as they were.
    #[must_use]
    pub fn into_aggregates(self) -> A {
        self.0.0
    }

    /// The aggregates as they were, and why the commit was not acknowledged.
    #[must_use]
    pub fn into_parts(self) -> (A, CommitReason) {
        *self.0
    }
}

impl<A> fmt::Display for CommitError<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.1.fmt(f)
    }
}

impl<A> fmt::Debug for CommitError<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CommitError").field(&self.0.1).finish()
    }
}

impl<A> Error for CommitError<A> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.1.source()
    }
}

/// Why a view was not rebuilt, or not compared. Its rows are as they were, unless it is not known whether the
/// new ones were taken ([`AppendError::OutcomeUnknown`]).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RebuildError {
    /// No projection of the bus has this view.
    #[error("no projection of this bus has the view `{view}`")]
    NoSuchProjection {
        /// The view's name.
        view: String,
    },
    /// What is stored was made by another version of the projection, so it is not compared with what this one
    /// makes.
    #[error(
        "what `{view}` has is of version {stored} of the projection, and this program has version \
         {version}; compare it when this version has caught up, or in a program of that one"
    )]
    OtherVersion {
        /// The projection's name.
        view: Name,
        /// The version of what is stored.
        stored: u32,
        /// The version of this program.
        version: u32,
    },
    /// The store could not be read.
    #[error("the store could not be read")]
    Read(#[from] ReadError),
    /// The part of the bus that computes the view could not go on.
    #[error("the view could not be computed anew")]
    Part(#[from] PartError),
    /// Others changed the same view each time. Nothing was changed here; try again.
    #[error("others kept changing the view `{view}`; nothing was done, try again")]
    Contended {
        /// The view.
        view: Name,
    },
    /// The projection failed on an event.
    #[error("the projection of view `{view}` failed at position {position}")]
    Handler {
        /// The view.
        view: Name,
        /// The event's position.
        position: GlobalPosition,
        /// What it says.
        source: HandlerError,
    },
    /// The store did not acknowledge the new rows, or could not compare them.
    #[error("the new rows were not acknowledged, or not compared")]
    Append(#[source] AppendError),
}
