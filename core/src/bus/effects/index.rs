//! How lives with something set aside are found: rows of the view `vitae.effects`.
//!
//! Owns the keys. Never says what was set aside: the lives do, and a row that does not fit is put right.
//!
//! ```text
//! effect's name · 0 · `d` · when it is due, big-endian with its sign turned · id of the life
//! effect's name · 0 · `p` · id of the life                                    (parked)
//! ```

use super::life::{SetAside, Waiting};
use crate::bus::Inner;
use crate::bus::parts::COUNTED;
use crate::name::Name;
use crate::store::{ReadError, RowChange, ViewRow};
use crate::time::Timestamp;

/// The view of all effects' rows.
const VIEW: Name = Name::of_library("vitae.effects");

const DUE: u8 = b'd';
const PARKED: u8 = b'p';

/// How many rows are read at a time.
const PAGE: usize = 256;

/// What is due first.
pub(super) struct First {
    pub(super) key: Vec<u8>,
    pub(super) at: Timestamp,
    pub(super) life: String,
}

/// The rows of one effect.
pub(super) struct Index {
    /// The name and a NUL, which no name has in it: no other effect's keys begin like this.
    prefix: Vec<u8>,
}

impl Index {
    pub(super) fn of(effect: &Name) -> Self {
        let mut prefix = effect.as_str().as_bytes().to_vec();
        prefix.push(0);
        Self { prefix }
    }

    /// The key of a life, if something is set aside in it.
    pub(super) fn key(&self, life: &str, state: &SetAside) -> Option<Vec<u8>> {
        let mut key = self.prefix.clone();
        match state {
            SetAside::Waiting(Waiting { next, .. }) => {
                key.push(DUE);
                key.extend((next.as_ref()?.at.as_micros() ^ i64::MIN).to_be_bytes());
            }
            SetAside::Parked(_) => key.push(PARKED),
        }
        key.extend(life.as_bytes());
        Some(key)
    }

    /// What has to change for a life to be found under one key only.
    pub(super) fn changes(
        &self,
        inner: &Inner,
        mut old: Vec<Vec<u8>>,
        new: Option<Vec<u8>>,
    ) -> Result<Vec<RowChange>, ReadError> {
        old.retain(|key| Some(key) != new.as_ref());
        old.sort_unstable();
        old.dedup();
        let puts = new.into_iter().map(|key| (key, Some(Vec::new())));
        let deletes = old.into_iter().map(|key| (key, None));
        let mut changes = Vec::new();
        for (key, value) in deletes.chain(puts) {
            let stored = inner.store.row(&VIEW, &key)?;
            if stored.is_some() != value.is_some() {
                let expected = stored.map(|row| row.version);
                changes.push(RowChange { view: VIEW, key, expected, value });
            }
        }
        Ok(changes)
    }

    /// What is due first behind a key, now or later.
    pub(super) fn first(
        &self,
        inner: &Inner,
        after: Option<&[u8]>,
    ) -> Result<Option<First>, ReadError> {
        let mut prefix = self.prefix.clone();
        prefix.push(DUE);
        let rows = inner.store.rows(&VIEW, &prefix, after, 1)?;
        Ok(rows.into_iter().next().and_then(|row| {
            let (at, life) = row.key.get(prefix.len()..)?.split_first_chunk()?;
            let at = Timestamp::from_micros(i64::from_be_bytes(*at) ^ i64::MIN);
            let life = String::from_utf8_lossy(life).into_owned();
            Some(First { at, life, key: row.key })
        }))
    }

    /// The next lives that are parked, after a key.
    pub(super) fn parked(
        &self,
        inner: &Inner,
        after: Option<&[u8]>,
    ) -> Result<Vec<ViewRow>, ReadError> {
        inner.store.rows(&VIEW, &self.parked_prefix(), after, PAGE)
    }

    /// How many lives are parked, as far as is counted.
    pub(super) fn count_parked(&self, inner: &Inner) -> Result<usize, ReadError> {
        Ok(inner.store.rows(&VIEW, &self.parked_prefix(), None, COUNTED)?.len())
    }

    /// The life of a row that is parked.
    pub(super) fn life_of_parked(&self, key: &[u8]) -> String {
        let life = key.get(self.parked_prefix().len()..).unwrap_or_default();
        String::from_utf8_lossy(life).into_owned()
    }

    fn parked_prefix(&self) -> Vec<u8> {
        let mut prefix = self.prefix.clone();
        prefix.push(PARKED);
        prefix
    }
}
