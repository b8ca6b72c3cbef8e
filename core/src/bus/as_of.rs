//! Lives as they were.
//!
//! Owns what belongs to a moment of the past. Never gives out what could be recorded in.

use std::fmt;

use super::{Bus, Inner, LoadError, stream_of};
use crate::id::EventId;
use crate::lifecycle::Lifecycle;
use crate::name::StreamId;
use crate::number::{GlobalPosition, StreamVersion};
use crate::store::{EventRef, Page, Read, ReadError};
use crate::time::Timestamp;

/// A moment in the past of a life. Every bound is inclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AsOf {
    /// After the event of this version, which must be there.
    Version(StreamVersion),
    /// When the log had come to this position: after the last event of the life at or before it. A
    /// position beyond the end is now. One within a commit splits it.
    Position(GlobalPosition),
    /// At this time, by the clock of the store ([`EventRef::recorded_at`]): before the first event
    /// that was recorded later. A time to come is now.
    ///
    /// Order never depends on a clock. If it went backwards, an event that stands behind one of a
    /// later time is not part of what was, whatever its own time says.
    Time(Timestamp),
}

impl AsOf {
    fn includes(self, reached: &Reached) -> bool {
        match self {
            Self::Version(version) => reached.version <= version,
            Self::Position(position) => reached.position <= position,
            Self::Time(time) => reached.recorded_at <= time,
        }
    }
}

/// A life as it was: to look at, not to go on from. Nothing can be recorded in it.
#[derive(Clone)]
pub struct Past<L> {
    stream: StreamId,
    state: L,
    reached: Option<Reached>,
}

/// The last event that a state holds.
#[derive(Clone, Copy)]
pub(super) struct Reached {
    pub(super) event: EventId,
    pub(super) version: StreamVersion,
    position: GlobalPosition,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
}

impl Reached {
    pub(super) const fn of(event: &EventRef<'_>) -> Self {
        Self {
            event: event.id(),
            version: event.version(),
            position: event.position(),
            occurred_at: event.occurred_at(),
            recorded_at: event.recorded_at(),
        }
    }
}

impl<L> Past<L> {
    /// The state.
    #[must_use]
    pub const fn state(&self) -> &L {
        &self.state
    }

    /// The state itself.
    #[must_use]
    pub fn into_state(self) -> L {
        self.state
    }

    /// The stream.
    #[must_use]
    pub const fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// The version, which is that of the last event that had happened; `None` if the life had not
    /// begun.
    #[must_use]
    pub fn version(&self) -> Option<StreamVersion> {
        self.reached.map(|reached| reached.version)
    }

    /// The position of that event.
    #[must_use]
    pub fn position(&self) -> Option<GlobalPosition> {
        self.reached.map(|reached| reached.position)
    }

    /// When that event happened, as its recorder says.
    #[must_use]
    pub fn occurred_at(&self) -> Option<Timestamp> {
        self.reached.map(|reached| reached.occurred_at)
    }

    /// When the store took that event, by the store's clock.
    #[must_use]
    pub fn recorded_at(&self) -> Option<Timestamp> {
        self.reached.map(|reached| reached.recorded_at)
    }
}

impl<L> fmt::Debug for Past<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Past")
            .field("stream", &self.stream)
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

impl Bus {
    /// Loads a life as it was. One that had not begun by then is in its initial state, without a
    /// version.
    ///
    /// Computed from the log by the lifecycle as it is declared now; events behind the moment are not
    /// looked at, nor is what the bus remembers. At a version or a position, reading begins at the
    /// life's snapshot if that is not newer; at a time, it begins at the first event.
    ///
    /// # Errors
    /// [`LoadError::NoSuchVersion`] if the life has not come to the version; else as
    /// [`load`](Self::load). A retry is safe.
    pub fn load_as_of<L: Lifecycle>(
        &self,
        id: impl AsRef<str>,
        as_of: AsOf,
    ) -> Result<Past<L>, LoadError> {
        let past = self.inner.load_as_of(id.as_ref(), as_of)?;
        match as_of {
            AsOf::Version(version) if past.version() != Some(version) => {
                Err(LoadError::NoSuchVersion {
                    newest: past.version(),
                    stream: past.stream,
                    version,
                })
            }
            _ => Ok(past),
        }
    }
}

impl Inner {
    pub(super) fn load_as_of<L: Lifecycle>(
        &self,
        id: &str,
        as_of: AsOf,
    ) -> Result<Past<L>, LoadError> {
        let stream = stream_of::<L>(id)?;
        self.schemas.ensure::<L>(self.store.as_ref())?;
        let wanted = |reached: &Reached| as_of.includes(reached);
        let (fold, reached) = match as_of {
            // The time of one event says nothing of those before it.
            AsOf::Time(_) => self.read_every_event(&stream, wanted)?,
            _ => self.read_life(&stream, wanted)?,
        };
        let (stream, _, state) = fold.into_parts();
        Ok(Past { stream, state, reached })
    }

    /// The event at a version of a stream, if it is there.
    pub(super) fn reached_at(
        &self,
        stream: &StreamId,
        version: StreamVersion,
    ) -> Result<Option<Reached>, ReadError> {
        let mut page = Page::new();
        let read = Read::stream(stream.clone()).from_version(version).page_of(1);
        self.store.read(&read, &mut page)?;
        Ok(page.iter().next().map(|event| Reached::of(&event)))
    }
}
