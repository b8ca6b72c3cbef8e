//! The file of the reference system, as it lies on the disk.
//!
//! Owns how it is read without being touched, and what must be true of it before a row is believed.
//! Never opens the original with SQLite: even who only reads makes a `-shm` beside it, or writes into the
//! one that is there. A copy is opened, in a private folder. What the program had not yet moved from its
//! `-wal` into the file is copied along, and so it is read as well.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tempfile::TempDir;

use super::error::LegacyError;

/// The only version of the schema that is understood.
pub const SCHEMA_VERSION: i64 = 6;

/// What every SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Where SQLite keeps what belongs to a file: the file itself, what was committed and not yet moved into
/// it, and what must be undone in it. The `-shm` is only an index of the `-wal`; SQLite makes it anew.
const PARTS: [&str; 3] = ["", "-wal", "-journal"];

/// The tables of which something is understood.
const TABLES: [&str; 5] =
    ["session", "runtime_events", "feed_events", "adapter_sessions", "workflow_runs"];

/// A private copy of a session's file, checked, and removed when this is dropped.
pub(super) struct Copy {
    pub(super) db: Connection,
    // Dropped after the connection.
    _folder: TempDir,
}

impl Copy {
    pub(super) fn of(original: &Path) -> Result<Self, LegacyError> {
        let unreadable = |source| LegacyError::Unreadable { path: original.to_owned(), source };
        // SQLite keeps the other parts beside the file that a link leads to.
        let original = fs::canonicalize(original).map_err(unreadable)?;
        let before = state_of(&original).map_err(unreadable)?;
        if !is_sqlite(&original).map_err(unreadable)? {
            return Err(LegacyError::NotSqlite { path: original });
        }
        let folder = tempfile::tempdir().map_err(|source| LegacyError::NoRoom { source })?;
        let copy = folder.path().join("legacy.db");
        for part in PARTS {
            copy_if_there(&beside(&original, part), &beside(&copy, part))?;
        }
        if state_of(&original).map_err(unreadable)? != before {
            return Err(LegacyError::InUse { path: original });
        }
        let db = open(&copy).map_err(|source| damaged(&original, source))?;
        let copy = Self { db, _folder: folder };
        copy.check(&original)?;
        Ok(copy)
    }

    /// The names of all tables that a program made, sorted.
    pub(super) fn tables(&self) -> rusqlite::Result<Vec<String>> {
        let sql = "SELECT name FROM sqlite_schema \
                   WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
        let mut statement = self.db.prepare(sql)?;
        statement.query_map([], |row| row.get(0))?.collect()
    }

    /// Whether everything that has a name has one in UTF-8. SQLite does not mind, but who asks it for the
    /// name of a column takes it for granted.
    fn names_are_text(&self) -> rusqlite::Result<bool> {
        let mut statement =
            self.db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if row.get_ref(0)?.as_str().is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn check(&self, path: &Path) -> Result<(), LegacyError> {
        let found: String = self
            .db
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(|source| damaged(path, source))?;
        if found != "ok" {
            return Err(LegacyError::Damaged { path: path.to_owned(), what: found });
        }
        if !self.names_are_text()? {
            let what = "a name in it is no text".to_owned();
            return Err(LegacyError::Damaged { path: path.to_owned(), what });
        }
        let tables = self.tables()?;
        let lacks = |table: &&str| !tables.iter().any(|there| there == table);
        let no_session = |what: String| LegacyError::NoSession { path: path.to_owned(), what };
        if lacks(&"schema_version") {
            return Err(no_session("it has no table `schema_version`".to_owned()));
        }
        let version = self.version()?;
        if version != SCHEMA_VERSION.to_string() {
            return Err(LegacyError::OtherVersion { path: path.to_owned(), version });
        }
        match TABLES.iter().find(|table| lacks(table)) {
            Some(table) => Err(no_session(format!("it has no table `{table}`"))),
            None => Ok(()),
        }
    }

    /// The schema's version in words, whatever stands there.
    fn version(&self) -> rusqlite::Result<String> {
        let sql = "SELECT coalesce(group_concat(quote(version)), 'none') FROM schema_version";
        self.db.query_row(sql, [], |row| row.get(0))
    }
}

fn open(copy: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(copy, flags)?;
    // The file may come from anybody: nothing that it defines is run.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    Ok(db)
}

fn damaged(path: &Path, error: rusqlite::Error) -> LegacyError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            LegacyError::Damaged { path: path.to_owned(), what: error.to_string() }
        }
        _ => LegacyError::Sql(error),
    }
}

fn is_sqlite(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    // A pipe would be waited for.
    if !fs::metadata(path)?.is_file() {
        return Ok(false);
    }
    File::open(path)?.take(16).read_to_end(&mut start)?;
    Ok(start == MAGIC)
}

/// By which a file is seen to change while it is copied: length and time of change of each part.
fn state_of(original: &Path) -> io::Result<Vec<Option<(u64, SystemTime)>>> {
    let state = |part: &&str| match fs::metadata(beside(original, part)) {
        Ok(metadata) => Ok(Some((metadata.len(), metadata.modified()?))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    PARTS.iter().map(state).collect()
}

/// Copies bytes and nothing else: a file that may only be read becomes one that SQLite may write.
fn copy_if_there(from: &Path, to: &Path) -> Result<(), LegacyError> {
    let mut source = match File::open(from) {
        Ok(source) => source,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(LegacyError::Unreadable { path: from.to_owned(), source }),
    };
    let copied = File::create_new(to).and_then(|mut target| io::copy(&mut source, &mut target));
    copied.map(|_| ()).map_err(|source| LegacyError::NoRoom { source })
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
