//! The rows of a view that a projection has looked at.
//!
//! Owns where each is found, and how much of them is kept beyond their commit. Never knows which commit
//! they hold for: whoever keeps them does.

use foldhash::HashMap;

use crate::name::Name;
use crate::number::RowVersion;
use crate::store::{EventStore, ViewRow};

/// About how many bytes of rows are kept beyond their commit: 4 MiB.
const KEPT: usize = 4 << 20;

/// What a row takes besides its value and, twice, its key.
const ROW: usize = 128;

#[derive(Default)]
pub(super) struct KnownRows {
    /// Where each row stands in `rows`.
    places: HashMap<Vec<u8>, usize>,
    rows: Vec<KnownRow>,
    /// The places of those that were written.
    written: Vec<usize>,
    bytes: usize,
}

/// A row that was read or written.
#[derive(Clone)]
pub(super) struct KnownRow {
    pub(super) key: Vec<u8>,
    /// The version that it has in the store.
    pub(super) version: Option<RowVersion>,
    pub(super) value: Option<Vec<u8>>,
    written: bool,
}

impl KnownRows {
    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        self.places.get(key).copied()
    }

    pub(super) fn value(&self, place: usize) -> Option<&[u8]> {
        self.rows.get(place)?.value.as_deref()
    }

    /// Adds a row as it was read, and says where it stands.
    pub(super) fn add(&mut self, key: &[u8], stored: Option<ViewRow>) -> usize {
        let (version, value) = stored.map(|row| (row.version, row.value)).unzip();
        let place = self.rows.len();
        self.bytes += ROW + 2 * key.len() + value.as_ref().map_or(0, Vec::len);
        self.rows.push(KnownRow { key: key.to_vec(), version, value, written: false });
        self.places.insert(key.to_vec(), place);
        place
    }

    /// Gives a row another value, and gives back the one before.
    pub(super) fn set(&mut self, place: usize, value: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let row = self.rows.get_mut(place)?;
        if !row.written {
            row.written = true;
            self.written.push(place);
        }
        let after = value.as_ref().map_or(0, Vec::len);
        let before = std::mem::replace(&mut row.value, value);
        self.bytes = (self.bytes + after).saturating_sub(before.as_ref().map_or(0, Vec::len));
        before
    }

    /// The rows that were written, ordered by key.
    pub(super) fn written(&self) -> impl Iterator<Item = &KnownRow> {
        let mut written: Vec<_> = self.written.iter().filter_map(|at| self.rows.get(*at)).collect();
        written.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        written.into_iter()
    }

    /// All rows, in no order.
    pub(super) fn rows(&self) -> impl Iterator<Item = &KnownRow> {
        self.rows.iter()
    }

    /// All rows, ordered by key.
    pub(super) fn into_rows(mut self) -> Vec<KnownRow> {
        self.rows.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        self.rows
    }

    /// What is known once the store has what was written: nothing, if that is too much to keep.
    pub(super) fn committed(mut self, view: &Name, store: &dyn EventStore) -> Self {
        if self.bytes > KEPT {
            return Self::default();
        }
        let Some(version) = self.version(view, store) else { return Self::default() };
        for place in std::mem::take(&mut self.written) {
            if let Some(row) = self.rows.get_mut(place) {
                row.written = false;
                row.version = row.value.as_ref().and(version);
            }
        }
        self
    }

    /// The version that the rows have got which were put, if there are any: all that one commit puts have
    /// the same, so one of them is asked for. `None` if it cannot be told.
    fn version(&self, view: &Name, store: &dyn EventStore) -> Option<Option<RowVersion>> {
        let mut written = self.written.iter().filter_map(|place| self.rows.get(*place));
        let Some(put) = written.find(|row| row.value.is_some()) else { return Some(None) };
        let stored = store.row(view, &put.key).ok()??;
        (Some(stored.value) == put.value).then_some(Some(stored.version))
    }
}
