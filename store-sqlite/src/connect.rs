//! Connections to a file that has been looked at.
//!
//! Owns the settings of every connection. Never lets one through whose settings did not take.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use crate::create::sync_folder;
use crate::erase;
use crate::error::{Fault, OpenError};
use crate::inspect::{FORMAT, beside, check_format};
use crate::migrate::{STEPS, migrate};
use crate::options::{Durability, Options};

/// More than there are statements: none is ever prepared anew.
const STATEMENTS: usize = 64;

/// The longest that SQLite can be told to wait: 24 days. rusqlite panics beyond it.
const MAX_BUSY_TIMEOUT: Duration = Duration::from_millis(0x7fff_ffff);

/// The first SQLite without the fault of WAL resets, which could corrupt a log that several connections
/// write.
const SAFE_SQLITE: i32 = 3_051_003;

/// Refuses a SQLite that is not safe to write a log with.
pub(crate) fn require_safe_sqlite(path: &Path, linked: i32) -> Result<(), OpenError> {
    if linked >= SAFE_SQLITE {
        return Ok(());
    }
    Err(OpenError::UnsafeSqlite { path: path.to_owned(), found: rusqlite::version() })
}

/// Opens a connection that may write, takes the file to the format that this program writes, and
/// makes durable what it holds.
pub(crate) fn writer(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let fail = |fault: Fault| fault.on_open(path.to_owned());
    let mut connection = beside_writer(path, options)?;
    migrate(path, &mut connection, STEPS)?;
    settle(path, &connection).map_err(fail)?;
    keep_log_on_close(&connection, false).map_err(fail)?;
    Ok(connection)
}

/// Opens a connection that may write, to a file that a [`writer`] has open already.
pub(crate) fn beside_writer(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let fail = |fault: Fault| fault.on_open(path.to_owned());
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, options).map_err(fail)?;
    // SQLite opens a file that it may not write for reading instead.
    if connection.is_readonly(MAIN_DB).map_err(|error| fail(error.into()))? {
        return Err(OpenError::ReadOnly { path: path.to_owned() });
    }
    // Should it be refused below, closing it must leave the file as it is.
    keep_log_on_close(&connection, true).map_err(fail)?;
    check_format(path, format(&connection).map_err(fail)?, FORMAT)?;
    require_wal(path, &connection)?;
    require_synchronous(path, &connection, options.durability)?;
    if let Some(pages) = options.max_pages {
        connection
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .map_err(|error| fail(error.into()))?;
    }
    Ok(connection)
}

/// Opens a connection that only reads.
pub(crate) fn reader(path: &Path, options: &Options) -> Result<Connection, Fault> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, options)
}

/// Opens a database without a name, which SQLite keeps in memory as long as it is small, then in a temporary
/// file, and which is gone with the connection.
pub(crate) fn scratch(options: &Options) -> Result<Connection, Fault> {
    let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    open(Path::new(""), access, options)
}

/// The format that the file has now.
pub(crate) fn format(connection: &Connection) -> Result<u32, Fault> {
    let format = connection
        .prepare_cached("PRAGMA user_version")?
        .query_row((), |row| row.get::<_, i64>(0))?;
    Ok(u32::try_from(format).unwrap_or(u32::MAX))
}

/// Refuses a file of which somebody has made another format. Asked within a transaction it holds for all of
/// it, asked behind a single statement for that.
pub(crate) fn require_same_format(connection: &Connection) -> Result<(), Fault> {
    match format(connection)? {
        FORMAT => Ok(()),
        found => Err(Fault::FormatChanged(found)),
    }
}

fn open(path: &Path, access: OpenFlags, options: &Options) -> Result<Connection, Fault> {
    // The text `file:` at the beginning of a path is a part of it: no URI.
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(options.busy_timeout.min(MAX_BUSY_TIMEOUT))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    rusqlite::vtab::array::load_module(&connection)?;
    // Without it, a cached statement is prepared anew at every use.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    erase::leave_no_traces(&connection)?;
    Ok(connection)
}

fn keep_log_on_close(connection: &Connection, keep: bool) -> Result<(), Fault> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)?;
    Ok(())
}

pub(crate) fn require_wal(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let mode: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(|error| Fault::from(error).on_open(path.to_owned()))?;
    if mode == "wal" {
        return Ok(());
    }
    Err(OpenError::WalUnsupported { path: path.to_owned() })
}

fn require_synchronous(
    path: &Path,
    connection: &Connection,
    durability: Durability,
) -> Result<(), OpenError> {
    let wanted: i64 = match durability {
        Durability::LostOnPowerFailure => 1,
        Durability::Full => 2,
    };
    let set = |name| connection.pragma_update(None, name, wanted == 2);
    let found = connection
        .pragma_update(None, "synchronous", wanted)
        // On macOS a plain fsync stops at the drive's cache.
        .and_then(|()| set("fullfsync"))
        .and_then(|()| set("checkpoint_fullfsync"))
        .and_then(|()| connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)))
        .map_err(|error| Fault::from(error).on_open(path.to_owned()))?;
    if wanted == found {
        return Ok(());
    }
    Err(OpenError::SettingRefused { path: path.to_owned(), setting: "synchronous" })
}

/// Makes durable what recovery found.
///
/// A process that died, or whose fsync failed, may have left commits in the log that stand in the
/// page cache only; an fsync that failed once can succeed the next time without having written
/// them. So they are written once more, into the main file, and the log begins anew. If that is
/// held up, another process is alive, whose commits are shown only after their fsync.
fn settle(path: &Path, connection: &Connection) -> Result<(), Fault> {
    for mode in ["TRUNCATE", "PASSIVE"] {
        let held_up: bool =
            connection
                .query_row(&format!("PRAGMA wal_checkpoint({mode})"), (), |row| row.get(0))?;
        if !held_up {
            break;
        }
    }
    let log: PathBuf = beside(path, "-wal");
    // No lock hangs on the log's own descriptors: this one may be closed.
    if let Ok(log) = File::open(log) {
        log.sync_all()?;
    }
    // SQLite removes the log on closing without making that durable. Were the old log to come back
    // with the power, so would a commit in it that has been said not to be there.
    sync_folder(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_that_can_corrupt_a_log_is_refused() {
        let path = Path::new("events.db");
        assert!(require_safe_sqlite(path, rusqlite::version_number()).is_ok());
        assert!(require_safe_sqlite(path, SAFE_SQLITE).is_ok());
        let error = require_safe_sqlite(path, SAFE_SQLITE - 1).unwrap_err();
        assert!(error.to_string().contains("link 3.51.3 or newer"));
    }
}
