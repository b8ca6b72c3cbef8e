//! What can go wrong with a part of a bus.

use std::sync::Arc;

use super::PartKind;
use crate::bus::{CommitReason, ConsumerError, HandlerError};
use crate::name::{InvalidName, Name, StreamId};
use crate::number::GlobalPosition;
use crate::store::{AppendError, EventRef, ReadError};

/// Why a part of a bus cannot go on. It tries again what it could not do, and does nothing behind it
/// before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartError {
    /// The store could not be read.
    #[error("the store could not be read")]
    Read(#[from] ReadError),
    /// The store did not acknowledge what the part made of some events.
    #[error("the store did not take what was made of the events up to position {position}")]
    Append {
        /// The last of the events.
        position: GlobalPosition,
        /// What the store said.
        source: AppendError,
    },
    /// The handler could not handle an event, or panicked on it.
    #[error("`{kind}` of `{stream}` at position {position} could not be handled")]
    Handler {
        /// Where the event stands.
        position: GlobalPosition,
        /// Its stream.
        stream: StreamId,
        /// Its kind.
        kind: Name,
        /// What the handler says.
        source: HandlerError,
    },
    /// What was recorded for some events could not become a commit: an atomic policy or an inline
    /// projection that it concerns said no.
    #[error("what was made of the event at position {position} could not be committed")]
    Commit {
        /// The first of the events.
        position: GlobalPosition,
        /// What is wrong with it.
        source: Box<CommitReason>,
    },
    /// Others were faster each time on a life that the part touched. Nothing was written.
    #[error("others were faster {tries} times; nothing was written")]
    Contended {
        /// How often it was tried.
        tries: u32,
        /// What was in the way the last time.
        source: AppendError,
    },
    /// The place at which the part was to start is not on this log.
    #[error("there is no event at position {position} to start after; start at one that there is")]
    NoSuchStart {
        /// The position.
        position: GlobalPosition,
    },
    /// The rows of a view were made by a newer version of the projection than this program has.
    #[error(
        "the rows of view `{view}` are of version {newer} of the projection, and this program has \
         version {version}; stop this program, or raise the version to have them computed anew"
    )]
    Superseded {
        /// The view.
        view: Name,
        /// The version of this program.
        version: u32,
        /// The version of the rows.
        newer: u32,
    },
    /// The row that says which rows of a view are the live ones was not acknowledged.
    #[error("the state of view `{view}` was not acknowledged")]
    View {
        /// The view.
        view: Name,
        /// What the store said.
        source: AppendError,
    },
    /// The [tables](crate::Tables) of a projection could not be made, shown to readers, removed or
    /// compared.
    #[error("the tables of `{projection}` could not be made, shown, removed or compared")]
    Tables {
        /// The projection.
        projection: Name,
        /// What is in the way.
        source: HandlerError,
    },
    /// A timer that is due could not fire. If it is the store that is in the way, none behind it could
    /// either; else they could.
    #[error("the timer of `{stream}` that makes `{kind}` happen could not fire")]
    Timer {
        /// The life.
        stream: StreamId,
        /// The kind of event that the timer makes happen.
        kind: Name,
        /// What is in the way.
        source: HandlerError,
    },
    /// The store did not acknowledge that timers have ended whose states were left.
    #[error("the store did not take that timers have ended")]
    EndTimers(#[source] AppendError),
    /// The rows of a group of consumers are not what this program knows.
    #[error("where the group stands could not be read")]
    Group(#[source] ConsumerError),
    /// Something panicked that is none of the part's handlers: a clock, a body or a guard of a lifecycle.
    #[error("the part was stopped by a panic")]
    Panicked(#[source] HandlerError),
    /// An event has a stream or a kind that cannot be a name.
    #[error("a name is not valid")]
    InvalidName(#[from] InvalidName),
}

impl PartError {
    pub(in crate::bus) fn of_handler(event: &EventRef<'_>, source: HandlerError) -> Self {
        let position = event.position();
        let stream = StreamId::new(event.category(), event.stream());
        match (stream, Name::new(event.kind())) {
            (Ok(stream), Ok(kind)) => Self::Handler { position, stream, kind, source },
            (Err(error), _) | (_, Err(error)) => Self::InvalidName(error),
        }
    }

    /// Whether the store is closed, so that nothing will come of trying again.
    pub(super) const fn is_for_good(&self) -> bool {
        let read = matches!(self, Self::Read(ReadError::Closed));
        let append = matches!(
            self,
            Self::Append { source: AppendError::Closed, .. }
                | Self::View { source: AppendError::Closed, .. }
                | Self::EndTimers(AppendError::Closed)
        );
        read || append
    }
}

/// A part of a bus could not go on.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the {kind} `{name}` cannot go on; it will try again")]
pub struct PartFailed {
    /// What it is.
    pub kind: PartKind,
    /// Its name.
    pub name: Name,
    /// What is in its way.
    pub source: Arc<PartError>,
}
