//! The settings of a connection.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use store_jobs::Failure;

/// As vitae opens its connections, the log brought home after 1,000 pages included.
pub fn open(path: &Path) -> Result<Connection, Failure> {
    let connection = Connection::open(path)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(format!("the journal mode is `{mode}`").into());
    }
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", 1_000)?;
    // Without it, a cached statement is prepared anew at every use.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}
