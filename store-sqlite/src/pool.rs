//! The connections that read.
//!
//! Owns their number and their transactions: an answer comes from one moment of the log. Never
//! writes, and never waits for a writer.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::connect;
use crate::error::Fault;
use crate::options::Options;

/// How many connections are kept when nobody reads.
const IDLE: usize = 8;

pub(crate) struct Pool {
    path: PathBuf,
    options: Options,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(crate) const fn new(path: PathBuf, options: Options) -> Self {
        Self { path, options, idle: Mutex::new(Vec::new()) }
    }

    /// Asks something of one moment of the log.
    pub(crate) fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        // Two steps, so that the lock is not held while a connection is opened.
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect::reader(&self.path, &self.options)?,
        };
        connection.prepare_cached("BEGIN")?.execute(())?;
        let answer = question(&connection);
        // A fault may have ended the transaction already: that is no reason to lose what it says.
        if connection.is_autocommit() || end(&connection).is_ok() {
            let mut idle = self.idle();
            if idle.len() < IDLE {
                idle.push(connection);
            }
        }
        answer
    }

    /// Closes the connections that nobody uses.
    pub(crate) fn close(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn end(connection: &Connection) -> Result<(), Fault> {
    connection.prepare_cached("ROLLBACK")?.execute(())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use vitae::store::Damage;

    use super::*;
    use crate::SqliteStore;

    #[test]
    fn what_was_found_is_said_when_the_transaction_has_ended_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db");
        drop(SqliteStore::open(&path).unwrap());
        let pool = Pool::new(path, Options::default());
        let found = pool.ask(|connection| {
            end(connection)?;
            Err::<(), _>(Damage::elsewhere("found").into())
        });
        assert!(matches!(found, Err(Fault::Damaged(damage)) if damage.reason == "found"));
        // The connection is as good as before.
        assert!(pool.ask(end).is_ok());
    }
}
