//! Why a file of the reference system cannot be imported.

use std::io;
use std::path::PathBuf;

use vitae::store::ReadError;
use vitae::{DecodeError, InvalidName, LoadError};

use super::file::SCHEMA_VERSION;
use crate::supervisor::SuperviseError;

/// Why a file is not read as a session of the reference system. It is as it was, and nothing of it was
/// imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LegacyError {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No private copy of it can be made.
    #[error(
        "cannot copy the file to where it can be opened without being touched; make room there"
    )]
    NoRoom {
        /// Why.
        source: io::Error,
    },
    /// It is no SQLite file.
    #[error("{} is no SQLite file; name the session file of the reference system", path.display())]
    NotSqlite {
        /// The file.
        path: PathBuf,
    },
    /// It changed while it was copied.
    #[error("{} is being written; end the program that writes it and import again", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It is damaged or cut short.
    #[error(
        "{} is damaged or cut short ({what}); import an intact copy, with the `-wal` that belongs to it",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        what: String,
    },
    /// It holds something else than a session.
    #[error("{} is no session file of the reference system: {what}", path.display())]
    NoSession {
        /// The file.
        path: PathBuf,
        /// What is missing, or too much.
        what: String,
    },
    /// Its schema has another version.
    #[error(
        "{} has schema version {version}, and only version {SCHEMA_VERSION} can be imported; open it \
         once with a reference program of that version",
        path.display()
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// What stands in the place of the version.
        version: String,
    },
    /// SQLite cannot read the copy.
    #[error("SQLite cannot read the copy of the file")]
    Sql(#[from] rusqlite::Error),
}

/// Why an import ended. What was committed before stays; the same import goes on behind it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The log has a session of this id that was not imported.
    #[error("session `{session}` is in this log already, and not by an import; use a new file")]
    SessionThere {
        /// The session.
        session: String,
    },
    /// What was imported before is not what the file holds now.
    #[error(
        "what was imported of session `{session}` before is no longer what its file holds; import it \
         into a new file"
    )]
    Changed {
        /// The session.
        session: String,
    },
    /// The checkpoint cannot be read.
    #[error("the checkpoint of the import is not one of this program")]
    Checkpoint,
    /// A row could not be taken.
    #[error("table `{table}`, row `{row}`")]
    Row {
        /// The row's table.
        table: String,
        /// The row.
        row: String,
        /// Why.
        source: Box<SuperviseError>,
    },
    /// The session's id cannot be part of a name.
    #[error("the session's id is not valid")]
    Session(#[from] InvalidName),
    /// The session could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event of the log could not be read.
    #[error("an event of the log cannot be read")]
    Decode(#[from] DecodeError),
}
