//! The connection on which a projection writes.
//!
//! Owns its turns at the desk, and who has which rights on it meanwhile. Never asks a handler.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::limits::Limit;
use vitae::store::{AppendError, Commit, EventStore};
use vitae::{LogId, Recomputed, Tables, TablesError};

use super::declared::Declared;
use super::recomputed::RecomputedTables;
use super::rights::{May, Rights};
use super::{Sql, schema, sql};
use crate::SqliteStore;
use crate::error::{Fault, OpenError};

/// The least steps that a batch may come to: SQLite tells of a thousand steps of a statement when some of them
/// were of an earlier transaction.
const LEAST_STEPS: u64 = 100_000;

/// The longest text, and the longest row, that a statement can make, in bytes.
pub(super) const LONGEST: i32 = 16 << 20;

/// The longest pattern of `LIKE` and `GLOB` in bytes: they may take time in proportion to it for each
/// byte of a text.
const LONGEST_PATTERN: i32 = 256;

/// The tables of one projection.
pub(super) struct SqlTables {
    // Closed before the store is.
    seat: Mutex<Seat>,
    rights: Rights,
    declared: Declared,
    steps: u64,
    store: Arc<SqliteStore>,
}

/// Where a projection writes.
struct Seat {
    connection: Connection,
    /// The generation that its statements were prepared for.
    generation: Option<u32>,
}

impl SqlTables {
    pub(super) fn open(
        declared: Declared,
        steps: u64,
        store: &Arc<SqliteStore>,
    ) -> Result<Self, OpenError> {
        let mut connection = store.beside_writer()?;
        let rights = held_to_rights(&mut connection).map_err(|fault| store.on_open(fault))?;
        let seat = Mutex::new(Seat { connection, generation: None });
        let (steps, store) = (steps.max(LEAST_STEPS), Arc::clone(store));
        Ok(Self { seat, rights, declared, steps, store })
    }

    /// Writes something and takes a commit, all or nothing.
    fn at_desk(
        &self,
        generation: Option<u32>,
        commit: Option<Commit>,
        write: impl FnOnce(&Connection) -> Result<(), TablesError>,
    ) -> Result<(), TablesError> {
        if let Some(commit) = &commit {
            commit.check(self.store.limits()).map_err(AppendError::from)?;
        }
        let offered = commit.as_ref().map(|commit| (commit, commit.digest()));
        let mut seat = self.seat.lock().unwrap_or_else(PoisonError::into_inner);
        if seat.generation != generation {
            // What was allowed with the tables of one is not with those of another.
            seat.connection.flush_prepared_statement_cache();
            seat.generation = generation;
        }
        let connection = &seat.connection;
        self.rights.during(May::Everything, u64::MAX, || {
            self.store.at_desk(|desk, now| desk.commit_beside(connection, offered, now, write))
        })?
    }
}

impl Tables for SqlTables {
    type Written = Sql;

    fn log_id(&self) -> LogId {
        self.store.log_id()
    }

    fn write(&self, generation: u32, written: Vec<Sql>, commit: Commit) -> Result<(), TablesError> {
        self.at_desk(Some(generation), Some(commit), |connection| {
            schema::make(connection, &self.rights, &self.declared, generation)?;
            let may = May::Write(self.declared.own(generation));
            let prefix = self.declared.prefix(generation);
            self.rights.during(may, self.steps, || {
                sql::run(connection, &self.declared, &prefix, &written, self.steps)
            })
        })
    }

    fn arrange(
        &self,
        live: Option<u32>,
        shadow: Option<u32>,
        commit: Commit,
    ) -> Result<(), TablesError> {
        self.at_desk(None, Some(commit), |connection| {
            for generation in live.into_iter().chain(shadow) {
                schema::make(connection, &self.rights, &self.declared, generation)?;
            }
            live.map_or(Ok(()), |live| schema::show(connection, &self.declared, live))
        })
    }

    fn remove(&self, generation: u32, commit: Commit) -> Result<bool, TablesError> {
        let prefix = self.declared.prefix(generation);
        let mut deleted = 0;
        let shrunk = self.at_desk(None, None, |connection| {
            deleted = schema::shrink(connection, &prefix)?;
            Ok(())
        });
        match shrunk {
            Ok(()) if deleted > 0 => return Ok(false),
            // What is damaged goes without being looked at.
            Ok(()) | Err(TablesError::Append(AppendError::Damaged(_))) => {}
            Err(error) => return Err(error),
        }
        self.at_desk(None, Some(commit), |connection| schema::remove(connection, &prefix))?;
        Ok(true)
    }

    fn recompute(&self, generation: u32) -> Result<Box<dyn Recomputed<Sql> + '_>, TablesError> {
        let recomputed =
            RecomputedTables::new(&self.declared, generation, self.steps, &self.store)?;
        Ok(Box::new(recomputed))
    }
}

/// Holds a connection to what projections may do on it.
pub(super) fn held_to_rights(connection: &mut Connection) -> Result<Rights, Fault> {
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, LONGEST_PATTERN)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    Rights::over(connection)
}
