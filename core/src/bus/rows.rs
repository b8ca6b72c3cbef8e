//! The rows of a view, while a projection works on them.
//!
//! Owns what was looked at and what was changed. Never writes: what is to change is part of a commit.

use std::collections::BTreeMap;
use std::fmt;

use foldhash::{HashMap, HashMapExt};
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
    /// Where each row that was looked at stands in `rows`.
    places: HashMap<Vec<u8>, usize>,
    rows: Vec<Row>,
    /// What the next value is encoded into.
    spare: Vec<u8>,
}

/// A row that was read or written.
#[derive(Default)]
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
    pub(super) fn of_store(view: &'a Name, store: &'a dyn EventStore) -> Self {
        Self { store: Some(store), ..Self::empty(view) }
    }

    /// A view that is empty at first, whatever the store has.
    pub(super) fn empty(view: &'a Name) -> Self {
        let (places, rows, spare) = (HashMap::new(), Vec::new(), Vec::new());
        Self { view, store: None, places, rows, spare }
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
        match self.rows.get(place).and_then(|row| row.value.as_deref()) {
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
        if let Some(row) = self.rows.get_mut(place) {
            row.written = true;
            self.spare = std::mem::replace(&mut row.value, value).unwrap_or_default();
        }
        Ok(())
    }

    /// Where a row stands, which is read if it was not looked at yet.
    fn place(&mut self, key: &[u8]) -> Result<usize, ReadError> {
        if let Some(place) = self.places.get(key) {
            return Ok(*place);
        }
        let stored = self.store.map_or(Ok(None), |store| store.row(self.view, key))?;
        let (version, value) = stored.map(|row| (row.version, row.value)).unzip();
        let place = self.rows.len();
        self.rows.push(Row { version, value, written: false });
        self.places.insert(key.to_vec(), place);
        Ok(place)
    }

    /// What was written: for who alone writes the view.
    pub(super) fn into_written(self) -> impl Iterator<Item = RowChange> {
        self.into_changes_of(|row| row.written && (row.version.is_some() || row.value.is_some()))
    }

    /// What the commit has to change.
    ///
    /// Every row that was looked at is among it, changed or not: the others were computed from it,
    /// so the commit must not be taken if somebody else has changed it meanwhile.
    pub(super) fn into_changes(self) -> impl Iterator<Item = RowChange> {
        self.into_changes_of(|_| true)
    }

    fn into_changes_of(self, wanted: fn(&Row) -> bool) -> impl Iterator<Item = RowChange> {
        let view = self.view.clone();
        let rows = self.into_rows().filter(move |(_, row)| wanted(row));
        rows.map(move |(key, Row { version, value, .. })| RowChange {
            view: view.clone(),
            key,
            expected: version,
            value,
        })
    }

    /// The rows themselves, ordered by key.
    pub(super) fn into_values(self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.into_rows().filter_map(|(key, row)| Some((key, row.value?))).collect()
    }

    /// All rows that were looked at, ordered by key.
    fn into_rows(self) -> impl Iterator<Item = (Vec<u8>, Row)> {
        let mut rows = self.rows;
        let keys: BTreeMap<Vec<u8>, usize> = self.places.into_iter().collect();
        keys.into_iter()
            .filter_map(move |(key, place)| Some((key, std::mem::take(rows.get_mut(place)?))))
    }
}
