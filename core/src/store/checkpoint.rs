//! How far a reader has come, and whether it reads the same log as before.

use super::{Checksum, EventRef, EventStore, Page, Query, Read, ReadError};
use crate::name::Name;
use crate::number::GlobalPosition;

/// How far something has come: a reader of the log, or a reader of something outside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// The last event that was dealt with; `None` before the first.
    pub position: Option<GlobalPosition>,
    /// The checksum of that event, by which a log that was swapped is noticed.
    pub checksum: Option<Checksum>,
    /// Where a source outside the log stands, in the words of its reader.
    pub cursor: Vec<u8>,
}

impl Checkpoint {
    /// The checkpoint of a reader that has dealt with an event, and with all that come before it.
    #[must_use]
    pub const fn at(event: &EventRef<'_>) -> Self {
        let (position, checksum) = (Some(event.position()), Some(event.checksum()));
        Self { position, checksum, cursor: Vec::new() }
    }

    /// The checkpoint of a reader that has dealt with everything up to a position; `None` if no event
    /// stands there.
    pub(crate) fn up_to(
        position: GlobalPosition,
        store: &dyn EventStore,
    ) -> Result<Option<Self>, ReadError> {
        let mut page = Page::new();
        store.read(&Read::log(Query::all()).from_position(position).page_of(1), &mut page)?;
        let event = page.iter().next().filter(|event| event.position() == position);
        Ok(event.map(|event| Self::at(&event)))
    }

    /// Makes sure that this checkpoint was taken on this log: that the event at its position is
    /// there and has its checksum.
    ///
    /// Stores do this for the checkpoints they keep. Do it yourself for one that is kept elsewhere.
    ///
    /// # Errors
    /// [`ReadError::Diverged`] if the log is another one, or has lost its end; else as
    /// [`EventStore::read`].
    pub fn confirm(&self, name: &Name, store: &dyn EventStore) -> Result<(), ReadError> {
        let Some(position) = self.position else {
            return Ok(());
        };
        match Self::up_to(position, store)? {
            Some(found) if self.checksum.is_none() || self.checksum == found.checksum => Ok(()),
            _ => Err(ReadError::Diverged { checkpoint: name.clone() }),
        }
    }
}

/// A compare-and-set of a checkpoint.
#[derive(Clone, Debug)]
pub struct CheckpointMove {
    /// The checkpoint's name.
    pub name: Name,
    /// What it must be before; `None`: it does not exist.
    pub from: Option<Checkpoint>,
    /// What it is after.
    pub to: Checkpoint,
}
