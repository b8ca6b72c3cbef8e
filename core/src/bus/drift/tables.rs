//! Comparing tables with what the log comes to.
//!
//! Owns how far the tables that are computed anew have to come. Never knows what a table is.

use std::ops::ControlFlow;

use super::{Drift, Found, RowDrift};
use crate::bus::catch_up::CatchUp;
use crate::bus::parts::{Contexts, Part, PartError};
use crate::bus::tables::{Keeps, TablesError};
use crate::bus::turns::MAX_TRIES;
use crate::bus::{HandlerError, Inner, RebuildError, generations};
use crate::name::Name;
use crate::number::GlobalPosition;
use crate::store::{Checkpoint, EventRef, Query, Read};

/// Tables that are computed anew, apart from those that they are to be compared with: nobody else sees them,
/// and they are gone when this is dropped. Nothing in the store is changed, and no commit waits for any
/// of it. What [`Bus::drift`](crate::Bus::drift) asks of [`Tables`](crate::Tables).
pub trait Recomputed<W> {
    /// Writes what was made of one event, as [`Tables::write`](crate::Tables::write) does.
    ///
    /// # Errors
    /// [`TablesError`]; then these tables are of no more use.
    fn write(&mut self, written: W) -> Result<(), TablesError>;

    /// Holds the moment of the live tables that they are compared in, and hands out a checkpoint as it is in
    /// that moment; `None` if there is none. Asked once. What is written here may go on after it.
    ///
    /// # Errors
    /// [`TablesError`] if the store cannot be read.
    fn hold(&mut self, checkpoint: &Name) -> Result<Option<Checkpoint>, TablesError>;

    /// Says which rows differ from the live ones of the moment that is held, table by table and in the order of
    /// their keys, and in the end how many rows there are here. Holds no more than a few rows in memory.
    ///
    /// # Errors
    /// [`TablesError`] if the store cannot be read, or its tables are other ones than were declared.
    fn compare(&mut self, differs: &mut dyn FnMut(RowDrift)) -> Result<usize, TablesError>;
}

/// The live tables that others are compared with.
pub(in crate::bus) struct Live<'a> {
    inner: &'a Inner,
    pub(in crate::bus) projection: &'a Name,
    pub(in crate::bus) generation: u32,
    checkpoint: Name,
}

impl Inner {
    pub(super) fn drift_of_tables(
        &self,
        part: &CatchUp,
        tables: &dyn Keeps,
    ) -> Result<Drift, RebuildError> {
        for _ in 0..MAX_TRIES {
            let Some(generation) = part.live(self)? else {
                return Ok(Drift::default());
            };
            let checkpoint = generations::checkpoint_of(part.view(), generation);
            let checkpoint = checkpoint.map_err(PartError::from)?;
            let live = Live { inner: self, projection: part.name(), generation, checkpoint };
            if let Some(drift) = tables.drift(&live)? {
                return Ok(drift);
            }
        }
        Err(RebuildError::Contended { view: part.name().clone() })
    }
}

impl Live<'_> {
    /// What differs; `None` if these are not the live tables any more.
    pub(in crate::bus) fn compare<W>(
        &self,
        query: &Query,
        recomputed: &mut dyn Recomputed<W>,
        mut handle: impl FnMut(&EventRef<'_>, &mut Contexts) -> Result<W, HandlerError>,
    ) -> Result<Option<Drift>, RebuildError> {
        let mut contexts = Contexts::default();
        let mut write = |recomputed: &mut dyn Recomputed<W>, event: &EventRef<'_>| {
            let failed = |source| self.failed_at(event.position(), source);
            let written = handle(event, &mut contexts).map_err(failed)?;
            recomputed.write(written).map_err(|error| self.not_written(event.position(), error))
        };
        // Most of it before the moment is held, so that it is not held for long.
        let so_far = self.inner.store.checkpoint(&self.checkpoint)?;
        let so_far = so_far.and_then(|checkpoint| checkpoint.position);
        self.replay(query, None, so_far, |event| write(recomputed, event))?;
        let held = recomputed.hold(&self.checkpoint).map_err(|error| self.not_compared(error))?;
        let mut position = None;
        if let Some(checkpoint) = held {
            if !checkpoint.cursor.is_empty() {
                // Retired.
                return Ok(None);
            }
            checkpoint.confirm(&self.checkpoint, &*self.inner.store)?;
            position = checkpoint.position;
        }
        self.replay(query, so_far, position, |event| write(recomputed, event))?;
        let mut found = Found::default();
        let rows = recomputed.compare(&mut |row| found.add(row));
        Ok(Some(found.of(rows.map_err(|error| self.not_compared(error))?)))
    }

    /// Deals with the events behind one position up to another, inclusive.
    fn replay(
        &self,
        query: &Query,
        behind: Option<GlobalPosition>,
        up_to: Option<GlobalPosition>,
        mut deal_with: impl FnMut(&EventRef<'_>) -> Result<(), RebuildError>,
    ) -> Result<(), RebuildError> {
        let Some(from) = behind.map_or(Some(GlobalPosition::FIRST), GlobalPosition::next) else {
            return Ok(());
        };
        self.inner.store.visit(Read::log(query.clone()).from_position(from), |event| {
            if Some(event.position()) > up_to {
                return Ok(ControlFlow::Break(()));
            }
            deal_with(event).map(ControlFlow::Continue)
        })
    }

    fn failed_at(&self, position: GlobalPosition, source: HandlerError) -> RebuildError {
        RebuildError::Handler { view: self.projection.clone(), position, source }
    }

    fn not_written(&self, position: GlobalPosition, error: TablesError) -> RebuildError {
        match error {
            TablesError::Event { source, .. } => self.failed_at(position, source),
            error => self.not_compared(error),
        }
    }

    pub(in crate::bus) fn not_compared(&self, error: TablesError) -> RebuildError {
        match error {
            TablesError::Append(error) => RebuildError::Append(error),
            error => RebuildError::Part(error.on_part(self.projection)),
        }
    }
}
