//! Computing a projection anew.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::projection::{Checked, Rows};
use super::{Inner, RebuildError};
use crate::aggregate::context_of;
use crate::id::CommitId;
use crate::name::{Name, StreamId};
use crate::number::{GlobalPosition, RowVersion};
use crate::store::{AppendError, Commit, Condition, EventRef, Query, Read, RowChange, ViewRow};

/// How often a rebuild begins anew because events came in meanwhile.
const MAX_TRIES: u32 = 16;

/// How many rows are read at a time.
const PAGE: usize = 1_024;

/// The values of a view's rows, by their keys.
type Values = BTreeMap<Vec<u8>, Vec<u8>>;

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
        let query = Query::kinds(projection.kinds());
        let mut tries = 0;
        loop {
            tries += 1;
            let (values, seen) = self.replay(projection, &query)?;
            let changes = self.differences(&projection.view, &values)?;
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
    fn replay(
        &self,
        projection: &Checked,
        query: &Query,
    ) -> Result<(Values, Option<GlobalPosition>), RebuildError> {
        let mut rows = Rows::empty(&projection.view);
        let mut seen = None;
        self.store.visit(Read::log(query.clone()), |event| {
            apply(projection, event, &mut rows)?;
            seen = Some(event.position());
            Ok::<_, RebuildError>(ControlFlow::Continue(()))
        })?;
        Ok((rows.into_values(), seen))
    }

    /// What must change in the store for the view to have these rows.
    fn differences(&self, view: &Name, values: &Values) -> Result<Vec<RowChange>, RebuildError> {
        let stored = self.all_rows(view)?;
        let change = |key: &[u8], expected: Option<RowVersion>, value: Option<&Vec<u8>>| {
            RowChange { view: view.clone(), key: key.to_vec(), expected, value: value.cloned() }
        };
        let mut changes = Vec::new();
        for row in &stored {
            let value = values.get(&row.key);
            if value != Some(&row.value) {
                changes.push(change(&row.key, Some(row.version), value));
            }
        }
        // `stored` is in the order of the keys.
        let missing = values
            .iter()
            .filter(|(key, _)| stored.binary_search_by(|row| row.key.cmp(key)).is_err());
        changes.extend(missing.map(|(key, value)| change(key, None, Some(value))));
        Ok(changes)
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

fn apply(
    projection: &Checked,
    event: &EventRef<'_>,
    rows: &mut Rows<'_>,
) -> Result<(), RebuildError> {
    let failed = |source| RebuildError::Handler {
        view: projection.view.clone(),
        position: event.position(),
        source,
    };
    let stream = StreamId::new(event.category(), event.stream());
    let context = context_of(stream.map_err(|error| failed(error.into()))?, event);
    // An erased payload says nothing any more, so no row can come from it.
    let Ok(payload) = event.payload() else {
        return Ok(());
    };
    let version = event.kind_version().get();
    projection.apply(event.kind(), version, payload, &context, rows).map_err(failed)
}
