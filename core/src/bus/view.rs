//! Reading the rows of a view.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::generations;
use crate::name::Name;
use crate::store::{BackendError, EventStore, ReadError, ViewRow};

/// How many rows are read at a time.
const PAGE: usize = 256;

/// The rows of a view, read as a type.
pub struct View<T> {
    store: Arc<dyn EventStore>,
    name: Name,
    row: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for View<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned> View<T> {
    pub(super) const fn new(store: Arc<dyn EventStore>, name: Name) -> Self {
        Self { store, name, row: PhantomData }
    }

    /// One row.
    ///
    /// # Errors
    /// [`ReadError`] if the store cannot be read, or the row is not a `T`.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<T>, ReadError> {
        let row = self.of_live_rows(
            |rows| self.store.row(rows, key.as_ref()),
            // What is there was live a moment ago.
            Option::is_some,
        )?;
        row.map(|row| decode(&row)).transpose()
    }

    /// Reads the live rows. What may be missing because others have become the live ones meanwhile is
    /// read again from those.
    fn of_live_rows<R>(
        &self,
        read: impl Fn(&Name) -> Result<R, ReadError>,
        is_whole: impl Fn(&R) -> bool,
    ) -> Result<R, ReadError> {
        let mut live = generations::live(&*self.store, &self.name)?;
        loop {
            let found = read(&generations::rows_of(&self.name, live).map_err(unreadable)?)?;
            if is_whole(&found) {
                return Ok(found);
            }
            let now = generations::live(&*self.store, &self.name)?;
            if now == live {
                return Ok(found);
            }
            live = now;
        }
    }

    /// The rows whose keys begin with a prefix, in bytewise order of their keys; an empty prefix is
    /// all of them. Read in pages: rows that change meanwhile may be seen old or new.
    ///
    /// An item is an error as that of [`get`](Self::get). One from the store is the last item; behind
    /// a row that is not a `T` come the others.
    pub fn scan(
        &self,
        prefix: impl AsRef<[u8]>,
    ) -> impl Iterator<Item = Result<(Vec<u8>, T), ReadError>> {
        let prefix = prefix.as_ref().to_vec();
        let mut pending = Vec::new().into_iter();
        let mut after: Option<Vec<u8>> = None;
        let mut done = false;
        std::iter::from_fn(move || {
            loop {
                if let Some(row) = pending.next() {
                    let row: ViewRow = row;
                    return Some(decode(&row).map(|value| (row.key, value)));
                }
                if done {
                    return None;
                }
                let read = |rows: &Name| self.store.rows(rows, &prefix, after.as_deref(), PAGE);
                match self.of_live_rows(read, |_| false) {
                    Ok(rows) => {
                        done = rows.len() < PAGE;
                        after = rows.last().map(|row| row.key.clone());
                        pending = rows.into_iter();
                    }
                    Err(error) => {
                        done = true;
                        return Some(Err(error));
                    }
                }
            }
        })
    }
}

fn decode<T: DeserializeOwned>(row: &ViewRow) -> Result<T, ReadError> {
    decode_row(&row.value).map_err(unreadable)
}

/// What is wrong with a row, as an error of the store that it was read from.
pub(super) fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> ReadError {
    let error: BackendError = Arc::new(error);
    ReadError::Backend(error)
}

/// Reads the bytes of a row, all of them.
pub(super) fn decode_row<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RowError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(RowError(None)),
        Err(error) => Err(RowError(Some(error))),
    }
}

/// The bytes of a row are not a value of the type, or more than one.
#[derive(Debug, thiserror::Error)]
#[error("the row has another shape than the type it is read as; rebuild the view")]
pub(super) struct RowError(#[source] pub(super) Option<postcard::Error>);
