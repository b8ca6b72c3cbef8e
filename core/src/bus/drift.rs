//! Comparing the rows of a view with what the log comes to.
//!
//! Owns that both are of one moment. Never changes a row.

use super::catch_up::{CatchUp, Makes};
use super::generations;
use super::parts::Part;
use super::projection::Checked;
use super::turns::MAX_TRIES;
use super::{Bus, Inner, RebuildError};
use crate::name::Name;
use crate::number::GlobalPosition;
use crate::store::{Page, Read};

/// How the rows of a view differ from what the log comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Drift {
    /// How many rows the log comes to.
    pub rows: usize,
    /// The rows that differ, in bytewise order of their keys. Empty: the view is right.
    pub differing: Vec<RowDrift>,
}

/// A row that is not what the log comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RowDrift {
    /// Its key.
    pub key: Vec<u8>,
    /// The bytes that are stored; `None` if there is no such row.
    pub stored: Option<Vec<u8>>,
    /// The bytes that the log comes to; `None` if there should be no such row.
    pub computed: Option<Vec<u8>>,
}

/// The moment of which the rows of a view are.
#[derive(PartialEq)]
struct Moment {
    /// The name under which the rows stand.
    rows: Name,
    /// The last event that they hold.
    position: Option<GlobalPosition>,
}

impl Bus {
    /// Computes the rows of a projection from the first event, in memory, and compares them with those
    /// that are stored: a check for handlers that depend on more than their events, and for rows that
    /// somebody changed by hand. Nothing is written. Takes memory for all rows of the view, twice.
    ///
    /// # Errors
    /// [`RebuildError`] if no projection of this bus has the view, it keeps its rows [in
    /// tables](crate::Tables), the store cannot be read, or a handler fails; [`RebuildError::Contended`] if the rows changed each of 16 times meanwhile. A
    /// retry is safe.
    pub fn drift(&self, view: impl AsRef<str>) -> Result<Drift, RebuildError> {
        let (view, inner) = (view.as_ref(), &self.inner);
        if let Some(inline) = inner.projections.find(view) {
            return inner.drift_of(inline, || inner.moment_of_inline(inline));
        }
        match inner.catching_up.iter().find(|part| part.name().as_str() == view) {
            Some(part) => match &part.makes {
                Makes::Rows(rows) => inner.drift_of(rows, || inner.moment_of_live(part)),
                Makes::Tables(_) => Err(RebuildError::InTables { view: part.name().clone() }),
            },
            None => Err(RebuildError::NoSuchProjection { view: view.to_owned() }),
        }
    }
}

impl Inner {
    fn drift_of(
        &self,
        projection: &Checked,
        moment: impl Fn() -> Result<Moment, RebuildError>,
    ) -> Result<Drift, RebuildError> {
        let mut now = moment()?;
        for _ in 0..MAX_TRIES {
            let within = |position| Some(position) <= now.position;
            let (values, _) = self.replay(projection, within)?;
            let differences = self.differences(&now.rows, &values)?;
            let after = moment()?;
            if after == now {
                let differing = differences.into_iter().map(|it| RowDrift {
                    key: it.key,
                    stored: it.stored.map(|row| row.value),
                    computed: it.computed,
                });
                return Ok(Drift { rows: values.len(), differing: differing.collect() });
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
        let live = generations::live(&*self.store, part.view())?;
        let rows = generations::rows_of(part.view(), live).map_err(super::PartError::from)?;
        Ok(Moment { rows, position: part.position(self)? })
    }
}
