//! The rows of a view, while a projection works on them.
//!
//! Owns what was looked at and what was changed. Never writes: what is to change is part of a commit.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::HandlerError;
use super::known_rows::{KnownRow, KnownRows};
use super::view::decode_row;
use crate::name::Name;
use crate::store::{EventStore, ReadError, RowChange};

/// The rows of a view, as a handler sees them: those in the store, with what the commit under way
/// has changed.
pub struct Rows<'a> {
    view: &'a Name,
    store: Option<&'a dyn EventStore>,
    known: KnownRows,
    /// What the next value is encoded into.
    spare: Vec<u8>,
}

impl fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("view", self.view).finish_non_exhaustive()
    }
}

impl<'a> Rows<'a> {
    /// The rows of the store's view.
    pub(super) fn of_store(view: &'a Name, store: &'a dyn EventStore) -> Self {
        Self::known(view, store, KnownRows::default())
    }

    /// The rows of the store's view, of which some are known.
    pub(super) const fn known(view: &'a Name, store: &'a dyn EventStore, known: KnownRows) -> Self {
        Self { view, store: Some(store), known, spare: Vec::new() }
    }

    /// A view that is empty at first, whatever the store has.
    pub(super) fn empty(view: &'a Name) -> Self {
        Self { view, store: None, known: KnownRows::default(), spare: Vec::new() }
    }

    /// Reads a row.
    ///
    /// # Errors
    /// If the store cannot be read, or the row is not a `T`.
    pub fn get<T: DeserializeOwned>(
        &mut self,
        key: impl AsRef<[u8]>,
    ) -> Result<Option<T>, HandlerError> {
        let place = self.place(key.as_ref())?;
        match self.known.value(place) {
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
        let mut spare = std::mem::take(&mut self.spare);
        spare.clear();
        let value = postcard::to_extend(value, spare)?;
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
        let place = self.place(key)?;
        self.spare = self.known.set(place, value).unwrap_or_default();
        Ok(())
    }

    /// Where a row stands, which is read if it was not looked at yet.
    fn place(&mut self, key: &[u8]) -> Result<usize, ReadError> {
        if let Some(place) = self.known.find(key) {
            return Ok(place);
        }
        let stored = self.store.map_or(Ok(None), |store| store.row(self.view, key))?;
        Ok(self.known.add(key, stored))
    }

    /// What was written, ordered by key, and all that is known now: for who alone writes the view.
    pub(super) fn into_written(self) -> (Vec<RowChange>, KnownRows) {
        let written = self.known.written();
        let written = written.filter(|row| row.version.is_some() || row.value.is_some());
        let changes = written.map(|row| change(self.view, row.clone())).collect();
        (changes, self.known)
    }

    /// What the commit has to change.
    ///
    /// Every row that was looked at is among it, changed or not: the others were computed from it,
    /// so the commit must not be taken if somebody else has changed it meanwhile.
    pub(super) fn into_changes(self) -> impl Iterator<Item = RowChange> {
        let view = self.view.clone();
        self.known.into_rows().into_iter().map(move |row| change(&view, row))
    }

    /// The rows themselves, by their keys.
    pub(super) fn values(&self) -> BTreeMap<&[u8], &[u8]> {
        let rows = self.known.rows();
        rows.filter_map(|row| Some((row.key.as_slice(), row.value.as_deref()?))).collect()
    }
}

fn change(view: &Name, row: KnownRow) -> RowChange {
    RowChange { view: view.clone(), key: row.key, expected: row.version, value: row.value }
}
