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
        connection.prepare_cached("ROLLBACK")?.execute(())?;
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(connection);
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
