//! The versions of view rows. Each store gives its own: all that is promised of them is that none
//! comes twice to a row, and that larger is newer.
//!
//! Owns which version of the store under test is which of the reference.

use std::collections::BTreeMap;

use vitae::store::{AppendError, EventStore, RowChange, ViewRow};
use vitae::{Name, RowVersion};

/// One that no row ever has.
pub(crate) fn never() -> RowVersion {
    RowVersion::new(u64::MAX).unwrap()
}

type Row = (Name, Vec<u8>);

pub(crate) enum Versions {
    /// Those of the reference itself.
    Same,
    /// For each row the reference's, and this store's.
    Learnt(BTreeMap<Row, BTreeMap<RowVersion, RowVersion>>),
}

impl Versions {
    /// Learns that two versions of a row, the reference's and this store's, are the same.
    pub(crate) fn learn(
        &mut self,
        view: &Name,
        key: &[u8],
        reference: RowVersion,
        own: RowVersion,
    ) {
        let Self::Learnt(rows) = self else { return };
        let row = rows.entry((view.clone(), key.to_vec())).or_default();
        if row.get(&reference) != Some(&own) {
            let newer = row.iter().all(|(earlier, one)| *earlier < reference && *one < own);
            assert!(newer, "a row has {own:?} after {row:?}");
            row.insert(reference, own);
        }
    }

    /// Whether what a change expects can be said in this store's versions.
    pub(crate) fn can_say(&self, change: &RowChange) -> bool {
        change.expected.is_none_or(|version| self.own(change, version).is_some())
    }

    /// What a change expects, in this store's versions. One that is not known yet must be that of
    /// the row as it is now.
    pub(crate) fn say(&mut self, change: &mut RowChange, store: &dyn EventStore) {
        let Some(reference) = change.expected else { return };
        if !self.can_say(change)
            && let Some(row) = store.row(&change.view, &change.key).unwrap()
        {
            self.learn(&change.view, &change.key, reference, row.version);
        }
        change.expected = self.own(change, reference).or(Some(never()));
    }

    fn own(&self, change: &RowChange, reference: RowVersion) -> Option<RowVersion> {
        match self {
            _ if reference == never() => Some(reference),
            Self::Same => Some(reference),
            Self::Learnt(rows) => {
                rows.get(&(change.view.clone(), change.key.clone()))?.get(&reference).copied()
            }
        }
    }

    fn reference(&self, view: &Name, key: &[u8], own: RowVersion) -> RowVersion {
        let Self::Learnt(rows) = self else { return own };
        let row = rows.get(&(view.clone(), key.to_vec()));
        let known = row.and_then(|row| row.iter().find(|(_, version)| **version == own));
        known.map_or_else(never, |(reference, _)| *reference)
    }

    /// A row as the reference would show it.
    pub(crate) fn shown(&self, view: &Name, row: ViewRow) -> ViewRow {
        ViewRow { version: self.reference(view, &row.key, row.version), ..row }
    }

    /// An error without the version that it names: within a burst nobody could have learnt it.
    pub(crate) fn refused(error: AppendError) -> AppendError {
        match error {
            AppendError::StaleRow { view, key, actual } => {
                AppendError::StaleRow { view, key, actual: actual.map(|_| never()) }
            }
            error => error,
        }
    }
}
