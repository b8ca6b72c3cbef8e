//! Comparing the rows of a view with what the log comes to.
//!
//! Owns that both are of one moment. Never changes a row.

use super::{Drift, Found, RowDrift};
use crate::bus::catch_up::CatchUp;
use crate::bus::parts::{Part, PartError};
use crate::bus::projection::Checked;
use crate::bus::rebuild::Replayed;
use crate::bus::turns::MAX_TRIES;
use crate::bus::{Inner, RebuildError, generations};
use crate::name::Name;
use crate::number::GlobalPosition;
use crate::store::{Page, Read};

/// The moment of which the rows of a view are.
#[derive(PartialEq)]
struct Moment {
    /// The name under which the rows stand.
    rows: Name,
    /// The last event that they hold.
    position: Option<GlobalPosition>,
}

impl Inner {
    pub(super) fn drift_of_inline(&self, projection: &Checked) -> Result<Drift, RebuildError> {
        self.drift_between(projection, || self.moment_of_inline(projection))
    }

    pub(super) fn drift_of_rows(
        &self,
        part: &CatchUp,
        projection: &Checked,
    ) -> Result<Drift, RebuildError> {
        self.drift_between(projection, || self.moment_of_live(part))
    }

    fn drift_between(
        &self,
        projection: &Checked,
        moment: impl Fn() -> Result<Moment, RebuildError>,
    ) -> Result<Drift, RebuildError> {
        let mut now = moment()?;
        let mut replayed = Replayed::nothing(projection);
        for _ in 0..MAX_TRIES {
            replayed.go_on(self, |position| Some(position) <= now.position)?;
            let values = replayed.rows.values();
            let differences = self.differences(&now.rows, &values)?;
            let after = moment()?;
            if after == now {
                let mut found = Found::default();
                differences.into_iter().for_each(|it| {
                    let (stored, computed) = (it.stored.map(|row| row.value), it.computed);
                    found.add(RowDrift { table: None, key: it.key, stored, computed });
                });
                return Ok(found.of(values.len()));
            }
            now = after;
        }
        Err(RebuildError::Contended { view: projection.view.clone() })
    }

    /// The rows of an inline projection are always those of its last event.
    fn moment_of_inline(&self, projection: &Checked) -> Result<Moment, RebuildError> {
        let mut page = Page::new();
        let read = Read::log(projection.query()).backwards().page_of(1);
        self.store.read(&read, &mut page)?;
        let position = page.iter().next().map(|event| event.position());
        Ok(Moment { rows: projection.view.clone(), position })
    }

    fn moment_of_live(&self, part: &CatchUp) -> Result<Moment, RebuildError> {
        let live = part.live(self)?.unwrap_or(0);
        let rows = generations::rows_of(part.view(), live).map_err(PartError::from)?;
        Ok(Moment { rows, position: part.position(self)? })
    }
}
