//! The rows of a view, while a projection works on them.
//!
//! Owns what was looked at and what was changed. Never writes: what is to change is part of a commit.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::HandlerError;
use super::view::decode_row;
use crate::name::Name;
use crate::number::RowVersion;
use crate::store::{EventStore, ReadError, RowChange};

/// The rows of a view, as a handler sees them: those in the store, with what the commit under way
/// has changed.
pub struct Rows<'a> {
    view: &'a Name,
    store: Option<&'a dyn EventStore>,
    seen: BTreeMap<Vec<u8>, Row>,
}

/// A row that was read or written.
struct Row {
    version: Option<RowVersion>,
    value: Option<Vec<u8>>,
    written: bool,
}

impl fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("view", self.view).finish_non_exhaustive()
    }
}

impl<'a> Rows<'a> {
    /// The rows of the store's view.
    pub(super) const fn of_store(view: &'a Name, store: &'a dyn EventStore) -> Self {
        Self { view, store: Some(store), seen: BTreeMap::new() }
    }

    /// A view that is empty at first, whatever the store has.
    pub(super) const fn empty(view: &'a Name) -> Self {
        Self { view, store: None, seen: BTreeMap::new() }
    }

    /// Reads a row.
    ///
    /// # Errors
    /// If the store cannot be read, or the row is not a `T`.
    pub fn get<T: DeserializeOwned>(
        &mut self,
        key: impl AsRef<[u8]>,
    ) -> Result<Option<T>, HandlerError> {
        match &self.row(key.as_ref())?.value {
            Some(value) => Ok(Some(decode_row(value)?)),
            None => Ok(None),
        }
    }

    /// Writes a row. The same value should always be the same bytes: a `BTreeMap` is, a `HashMap` is
    /// not, and a rebuild would find it changed.
    ///
    /// # Errors
    /// If the store cannot be read, or serde refuses the value.
    pub fn put<T: Serialize>(
        &mut self,
        key: impl AsRef<[u8]>,
        value: &T,
    ) -> Result<(), HandlerError> {
        let value = postcard::to_allocvec(value)?;
        self.set(key.as_ref(), Some(value))
    }

    /// Deletes a row. One that is not there stays so.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn delete(&mut self, key: impl AsRef<[u8]>) -> Result<(), HandlerError> {
        self.set(key.as_ref(), None)
    }

    fn set(&mut self, key: &[u8], value: Option<Vec<u8>>) -> Result<(), HandlerError> {
        let row = self.row(key)?;
        (row.value, row.written) = (value, true);
        Ok(())
    }

    fn row(&mut self, key: &[u8]) -> Result<&mut Row, ReadError> {
        match self.seen.entry(key.to_vec()) {
            Entry::Occupied(row) => Ok(row.into_mut()),
            Entry::Vacant(place) => {
                let stored = self.store.map_or(Ok(None), |store| store.row(self.view, key))?;
                let (version, value) = stored.map(|row| (row.version, row.value)).unzip();
                Ok(place.insert(Row { version, value, written: false }))
            }
        }
    }

    /// What was written: for who alone writes the view.
    pub(super) fn into_written(mut self) -> impl Iterator<Item = RowChange> + use<> {
        self.seen.retain(|_, row| row.written && (row.version.is_some() || row.value.is_some()));
        self.into_changes()
    }

    /// What the commit has to change.
    ///
    /// Every row that was looked at is among it, changed or not: the others were computed from it,
    /// so the commit must not be taken if somebody else has changed it meanwhile.
    pub(super) fn into_changes(self) -> impl Iterator<Item = RowChange> + use<> {
        let view = self.view.clone();
        self.seen.into_iter().map(move |(key, row)| RowChange {
            view: view.clone(),
            key,
            expected: row.version,
            value: row.value,
        })
    }

    /// The rows themselves, ordered by key.
    pub(super) fn into_values(self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let present = |(key, row): (Vec<u8>, Row)| row.value.map(|value| (key, value));
        self.seen.into_iter().filter_map(present).collect()
    }
}
