//! Tables that are computed anew, to be compared with the live ones.
//!
//! Owns the database that they stand in: one of SQLite's temporary ones, which has no name and is gone with
//! its connection. Never writes to the store's file.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::limits::Limit;
use vitae::store::Checkpoint;
use vitae::{Name, Recomputed, RowDrift, TablesError};

use super::compare::compare;
use super::declared::Declared;
use super::error::file;
use super::rights::{May, Own, Rights};
use super::tables::{LONGEST, held_to_rights};
use super::{Sql, schema, sql};
use crate::error::Fault;
use crate::{SqliteStore, lookup};

pub(super) struct RecomputedTables<'t> {
    declared: &'t Declared,
    prefix: String,
    own: Arc<Own>,
    /// For each event: nobody waits, so it matters not what several come to.
    steps: u64,
    rights: Rights,
    scratch: Connection,
    /// Reads the store's file.
    live: Connection,
}

impl<'t> RecomputedTables<'t> {
    pub(super) fn new(
        declared: &'t Declared,
        generation: u32,
        steps: u64,
        store: &SqliteStore,
    ) -> Result<Self, TablesError> {
        let mut scratch = store.scratch().map_err(fault)?;
        let live = store.sql_reader().map_err(|error| fault(error.into()))?;
        live.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST).map_err(file)?;
        let rights = held_to_rights(&mut scratch).map_err(fault)?;
        rights.during(May::Everything, u64::MAX, || {
            // Never committed, so that nothing of it is written twice.
            scratch.execute_batch("BEGIN").map_err(file)?;
            schema::make(&scratch, &rights, declared, generation)
        })?;
        let (prefix, own) = (declared.prefix(generation), declared.own(generation));
        Ok(Self { declared, prefix, own, steps, rights, scratch, live })
    }
}

impl Recomputed<Sql> for RecomputedTables<'_> {
    fn write(&mut self, written: Sql) -> Result<(), TablesError> {
        self.rights.during(May::Write(Arc::clone(&self.own)), self.steps, || {
            sql::run(&self.scratch, self.declared, &self.prefix, &[written], self.steps)
        })
    }

    fn hold(&mut self, checkpoint: &Name) -> Result<Option<Checkpoint>, TablesError> {
        self.live.execute_batch("BEGIN").map_err(file)?;
        // The first read is what the transaction sees from then on.
        lookup::checkpoint(&self.live, checkpoint).map_err(fault)
    }

    fn compare(&mut self, differs: &mut dyn FnMut(RowDrift)) -> Result<usize, TablesError> {
        let Self { scratch, live, prefix, .. } = self;
        self.rights.during(May::Everything, u64::MAX, || {
            let mut tables = self.declared.tables();
            tables.try_fold(0, |rows, table| {
                Ok(rows + compare(table, &format!("{prefix}{table}"), (scratch, live), differs)?)
            })
        })
    }
}

fn fault(fault: Fault) -> TablesError {
    TablesError::Append(fault.into())
}
