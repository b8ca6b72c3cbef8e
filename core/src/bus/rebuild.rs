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
pub(super) type Values<'a> = BTreeMap<&'a [u8], &'a [u8]>;

/// The rows of a projection as the log has them up to some event. What comes behind that is added to them,
/// so that others who write meanwhile cost no more than what they have written.
pub(super) struct Replayed<'p> {
    projection: &'p Checked,
    contexts: Contexts,
    pub(super) rows: Rows<'p>,
    /// The last event that counts.
    seen: Option<GlobalPosition>,
}

impl<'p> Replayed<'p> {
    /// Before the first event.
    pub(super) fn nothing(projection: &'p Checked) -> Self {
        let rows = Rows::empty(&projection.view);
        Self { projection, contexts: Contexts::default(), rows, seen: None }
    }

    /// Adds what comes next, up to the first event that is not wanted.
    pub(super) fn go_on(
        &mut self,
        inner: &Inner,
        wanted: impl Fn(GlobalPosition) -> bool,
    ) -> Result<(), RebuildError> {
        let Self { projection, contexts, rows, seen } = self;
        let Some(from) = seen.map_or(Some(GlobalPosition::FIRST), GlobalPosition::next) else {
            return Ok(());
        };
        inner.store.visit(Read::log(projection.query()).from_position(from), |event| {
            let position = event.position();
            if !wanted(position) {
                return Ok(ControlFlow::Break(()));
            }
            projection.apply_read(event, contexts, rows).map_err(|source| {
                RebuildError::Handler { view: projection.view.clone(), position, source }
            })?;
            *seen = Some(position);
            Ok(ControlFlow::Continue(()))
        })
    }
}

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
        let mut replayed = Replayed::nothing(projection);
        let mut tries = 0;
        loop {
            tries += 1;
            replayed.go_on(self, |_| true)?;
            let values = replayed.rows.values();
            let changes = self.differences(&projection.view, &values)?;
            let changes: Vec<_> =
                changes.into_iter().map(|it| it.into_change(&projection.view)).collect();
            let rebuilt = Rebuilt { rows: values.len(), changed: changes.len() };
            if changes.is_empty() {
                return Ok(rebuilt);
            }
            let mut commit = Commit::new(CommitId::generate());
            commit.rows = changes;
            commit.conditions = vec![Condition { query: query.clone(), after: replayed.seen }];
            match self.store.append(commit).wait() {
                Ok(_) => return Ok(rebuilt),
                Err(AppendError::ConditionFailed { .. } | AppendError::StaleRow { .. })
                    if tries < MAX_TRIES => {}
                Err(error) => return Err(RebuildError::Append(error)),
            }
        }
    }

    /// Where the store has other rows than these, in the order of the keys.
    pub(super) fn differences(
        &self,
        view: &Name,
        values: &Values<'_>,
    ) -> Result<Vec<Difference>, RebuildError> {
        let mut stored: BTreeMap<Vec<u8>, ViewRow> =
            self.all_rows(view)?.into_iter().map(|row| (row.key.clone(), row)).collect();
        let mut differences = Vec::new();
        for (key, value) in values {
            let stored = stored.remove(*key);
            if stored.as_ref().is_none_or(|row| row.value != *value) {
                let computed = Some(value.to_vec());
                differences.push(Difference { key: key.to_vec(), stored, computed });
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
