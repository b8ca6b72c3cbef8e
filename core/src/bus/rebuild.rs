//! Computing a projection anew.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::parts::Contexts;
use super::projection::Checked;
use super::turns::MAX_TRIES;
use super::{Inner, RebuildError, Rows};
use crate::id::CommitId;
use crate::name::Name;
use crate::number::GlobalPosition;
use crate::store::{AppendError, Commit, Condition, Read, RowChange, ViewRow};

/// How many rows are read at a time.
const PAGE: usize = 1_024;

/// The values of a view's rows, by their keys.
pub(super) type Values = BTreeMap<Vec<u8>, Vec<u8>>;

/// A row that is not what the log comes to.
pub(super) struct Difference {
    pub(super) key: Vec<u8>,
    pub(super) stored: Option<ViewRow>,
    pub(super) computed: Option<Vec<u8>>,
}

impl Difference {
    /// The change that mends it.
    fn into_change(self, view: &Name) -> RowChange {
        let expected = self.stored.map(|row| row.version);
        RowChange { view: view.clone(), key: self.key, expected, value: self.computed }
    }
}

/// What a rebuild did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rebuilt {
    /// How many rows the view has.
    pub rows: usize,
    /// How many of them were put, replaced or deleted. 0: the view was right.
    pub changed: usize,
}

impl Inner {
    pub(super) fn rebuild(&self, view: &str) -> Result<Rebuilt, RebuildError> {
        let Some(projection) = self.projections.find(view) else {
            return Err(RebuildError::NoSuchProjection { view: view.to_owned() });
        };
        let query = projection.query();
        let mut tries = 0;
        loop {
            tries += 1;
            let (values, seen) = self.replay(projection, |_| true)?;
            let changes = self.differences(&projection.view, &values)?;
            let changes: Vec<_> =
                changes.into_iter().map(|it| it.into_change(&projection.view)).collect();
            let rebuilt = Rebuilt { rows: values.len(), changed: changes.len() };
            if changes.is_empty() {
                return Ok(rebuilt);
            }
            let mut commit = Commit::new(CommitId::generate());
            commit.rows = changes;
            commit.conditions = vec![Condition { query: query.clone(), after: seen }];
            match self.store.append(commit).wait() {
                Ok(_) => return Ok(rebuilt),
                Err(AppendError::ConditionFailed { .. } | AppendError::StaleRow { .. })
                    if tries < MAX_TRIES => {}
                Err(error) => return Err(RebuildError::Append(error)),
            }
        }
    }

    /// The rows as the log has them, and the position of the last event that counts.
    pub(super) fn replay(
        &self,
        projection: &Checked,
        wanted: impl Fn(GlobalPosition) -> bool,
    ) -> Result<(Values, Option<GlobalPosition>), RebuildError> {
        let mut rows = Rows::empty(&projection.view);
        let mut contexts = Contexts::default();
        let mut seen = None;
        self.store.visit(Read::log(projection.query()), |event| {
            if !wanted(event.position()) {
                return Ok(ControlFlow::Break(()));
            }
            let position = event.position();
            projection.apply_read(event, &mut contexts, &mut rows).map_err(|source| {
                RebuildError::Handler { view: projection.view.clone(), position, source }
            })?;
            seen = Some(position);
            Ok::<_, RebuildError>(ControlFlow::Continue(()))
        })?;
        Ok((rows.into_values(), seen))
    }

    /// Where the store has other rows than these, in the order of the keys.
    pub(super) fn differences(
        &self,
        view: &Name,
        values: &Values,
    ) -> Result<Vec<Difference>, RebuildError> {
        let mut stored: BTreeMap<Vec<u8>, ViewRow> =
            self.all_rows(view)?.into_iter().map(|row| (row.key.clone(), row)).collect();
        let mut differences = Vec::new();
        for (key, value) in values {
            let stored = stored.remove(key);
            if stored.as_ref().is_none_or(|row| row.value != *value) {
                let computed = Some(value.clone());
                differences.push(Difference { key: key.clone(), stored, computed });
            }
        }
        let left = stored.into_iter();
        differences.extend(left.map(|(key, row)| Difference {
            key,
            stored: Some(row),
            computed: None,
        }));
        differences.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        Ok(differences)
    }

    fn all_rows(&self, view: &Name) -> Result<Vec<ViewRow>, RebuildError> {
        let mut all: Vec<ViewRow> = Vec::new();
        loop {
            let after = all.last().map(|row| row.key.as_slice());
            let rows = self.store.rows(view, &[], after, PAGE)?;
            let last = rows.len() < PAGE;
            all.extend(rows);
            if last {
                return Ok(all);
            }
        }
    }
}
