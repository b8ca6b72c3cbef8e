//! The streams of a category, one after the other.
//!
//! Owns the asking for more. Never holds more than one batch.

use super::{EventStore, ReadError};
use crate::name::{Name, StreamId};

/// How many streams are asked for at a time.
const BATCH: usize = 256;

/// The streams of a category in bytewise order of their ids: see
/// [`streams_of`](trait.EventStore.html#method.streams_of).
///
/// A stream that is begun meanwhile is among them if its id comes after those that were given
/// already. Ends after the first error.
pub struct Streams<'a> {
    store: &'a dyn EventStore,
    /// `None` at the end.
    category: Option<Name>,
    batch: std::vec::IntoIter<StreamId>,
    after: Option<Name>,
}

impl std::fmt::Debug for Streams<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").field("category", &self.category).finish_non_exhaustive()
    }
}

impl<'a> Streams<'a> {
    /// The streams of a category; without one there are none.
    pub(crate) fn of(store: &'a dyn EventStore, category: Option<Name>) -> Self {
        Self { store, category, batch: Vec::new().into_iter(), after: None }
    }
}

impl Iterator for Streams<'_> {
    type Item = Result<StreamId, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.batch.len() == 0 {
            let category = self.category.take()?;
            match self.store.streams(&category, self.after.as_ref(), BATCH) {
                Ok(batch) => self.batch = batch.into_iter(),
                Err(error) => return Some(Err(error)),
            }
            self.category = Some(category);
        }
        let next = self.batch.next();
        match &next {
            Some(stream) => self.after = Some(stream.id().clone()),
            None => self.category = None,
        }
        next.map(Ok)
    }
}
