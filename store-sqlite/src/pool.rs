//! The connections that read.
//!
//! Owns their number and their transactions: an answer comes from one moment of the log. Never
//! writes, and never waits for a writer.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rusqlite::Connection;

use crate::connect;
use crate::error::Fault;
use crate::moment::Moment;
use crate::names::Names;
use crate::options::Options;
use crate::tail::Tail;

/// How many connections are kept when nobody reads.
const IDLE: usize = 8;

/// How often a question is asked anew because the log was indexed meanwhile.
const ATTEMPTS: usize = 16;

pub(crate) struct Pool {
    path: PathBuf,
    options: Options,
    tail: Arc<RwLock<Tail>>,
    idle: Mutex<Vec<Reader>>,
}

/// A connection, and what it remembers.
struct Reader {
    connection: Connection,
    names: Names,
}

impl Pool {
    pub(crate) const fn new(path: PathBuf, options: Options, tail: Arc<RwLock<Tail>>) -> Self {
        Self { path, options, tail, idle: Mutex::new(Vec::new()) }
    }

    pub(crate) const fn path(&self) -> &PathBuf {
        &self.path
    }

    pub(crate) const fn options(&self) -> &Options {
        &self.options
    }

    /// Asks something of one moment of the log.
    pub(crate) fn ask<T>(
        &self,
        mut question: impl FnMut(&Moment<'_>, &mut Names) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut answer = Err(Fault::Outdated);
        for _ in 0..ATTEMPTS {
            answer = self.in_transaction(|reader| {
                let moment = Moment::of(&reader.connection, &self.tail)?;
                question(&moment, &mut reader.names)
            });
            if !matches!(answer, Err(Fault::Outdated)) {
                break;
            }
        }
        answer
    }

    /// Asks something for which it matters neither which events there are nor which format the file has.
    pub(crate) fn ask_file<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.in_transaction(|reader| question(&reader.connection))
    }

    /// Asks something that one statement answers: it is a transaction by itself.
    pub(crate) fn ask_once<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let reader = self.reader()?;
        let answer = question(&reader.connection);
        // Whatever it says, in another format it says nothing.
        let answer = connect::require_same_format(&reader.connection).and(answer);
        self.give_back(reader);
        answer
    }

    fn in_transaction<T>(
        &self,
        question: impl FnOnce(&mut Reader) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut reader = self.reader()?;
        reader.connection.prepare_cached("BEGIN")?.execute(())?;
        let answer = question(&mut reader);
        // A fault may have ended the transaction already: that is no reason to lose what it says.
        if reader.connection.is_autocommit() || end(&reader.connection).is_ok() {
            self.give_back(reader);
        }
        answer
    }

    fn reader(&self) -> Result<Reader, Fault> {
        // Two steps, so that the lock is not held while a connection is opened.
        let idle = self.idle().pop();
        match idle {
            Some(reader) => Ok(reader),
            None => Ok(Reader {
                connection: connect::reader(&self.path, &self.options)?,
                names: Names::default(),
            }),
        }
    }

    fn give_back(&self, reader: Reader) {
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(reader);
        }
    }

    /// Closes the connections that nobody uses.
    pub(crate) fn close(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Reader>> {
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
        let pool = Pool::new(path, Options::default(), Arc::default());
        let found = pool.ask_file(|connection| {
            end(connection)?;
            Err::<(), _>(Damage::elsewhere("found").into())
        });
        assert!(matches!(found, Err(Fault::Damaged(damage)) if damage.reason == "found"));
        // The connection is as good as before.
        assert!(pool.ask_file(end).is_ok());
    }
}
