//! What can go wrong with a file, and what SQLite's codes mean.
//!
//! Owns the classification of SQLite's errors, by extended result code. Never looks at their text.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::ffi;
use vitae::store::{AppendError, BackendError, Damage, ReadError};

use crate::inspect::FORMAT;

/// Why a store could not be opened.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no file.
    #[error("there is no store at `{}`; check the path", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The folder that it should be in does not exist.
    #[error("there is no folder for `{}`; create it first", path.display())]
    NoFolder {
        /// The path.
        path: PathBuf,
    },
    /// What is there is something else. It was left as it was.
    #[error("`{}` is not a vitae store: {reason}; choose another path", path.display())]
    NotAStore {
        /// The path.
        path: PathBuf,
        /// What it is.
        reason: &'static str,
    },
    /// The file ends early. It was left as it was.
    #[error("`{}` is cut short; restore it from a backup", path.display())]
    Truncated {
        /// The path.
        path: PathBuf,
    },
    /// The file is of a format that this program does not know. It was left as it was.
    #[error(
        "`{}` has format {found}, newer than {known}, the newest that this program knows; update \
         the program",
        path.display()
    )]
    NewerFormat {
        /// The path.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The newest format that this program knows.
        known: u32,
    },
    /// The file is of an older format, and was opened for reading only. It was left as it was.
    #[error(
        "`{}` has format {found}, older than {known}; open it for writing once, or a copy of it, \
         which takes it there",
        path.display()
    )]
    OlderFormat {
        /// The path.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The format that this program reads.
        known: u32,
    },
    /// The file is of an older format, and could not be taken to the newest. It was left as it was.
    #[error(
        "`{}` was left at format {found}, for its step to format {step} failed; see to the cause, \
         then open it again",
        path.display()
    )]
    MigrationFailed {
        /// The path.
        path: PathBuf,
        /// The format that the file has.
        found: u32,
        /// The format that the step makes which failed.
        step: u32,
        /// What was reported.
        #[source]
        source: BackendError,
    },
    /// There is no store, but a journal of one that was there.
    #[error(
        "there is no store at `{}`, but `{}` of an earlier one; bring the store back beside it, or \
         move it away",
        path.display(),
        journal.display()
    )]
    Leftover {
        /// The path.
        path: PathBuf,
        /// The file that was left.
        journal: PathBuf,
    },
    /// The folder's file system cannot share memory between processes, which the log needs.
    #[error(
        "the folder of `{}` does not support write-ahead logging; put the store on a local disk",
        path.display()
    )]
    WalUnsupported {
        /// The path.
        path: PathBuf,
    },
    /// The SQLite that this program was linked with can corrupt a log that several connections write
    /// (<https://www.sqlite.org/wal.html#walresetbug>).
    #[error(
        "`{}` cannot be opened: this program was linked with SQLite {found}, which can corrupt a \
         write-ahead log; link 3.51.3 or newer, or the bundled one",
        path.display()
    )]
    UnsafeSqlite {
        /// The path.
        path: PathBuf,
        /// The version that was linked.
        found: &'static str,
    },
    /// SQLite did not take a setting.
    #[error("`{}` cannot be opened: SQLite refused the setting `{setting}`", path.display())]
    SettingRefused {
        /// The path.
        path: PathBuf,
        /// The setting.
        setting: &'static str,
    },
    /// The file is read-only, or its folder, in which SQLite keeps the log beside it.
    #[error(
        "`{}` is read-only, itself or its folder; change the permissions, open a file with \
         `open_read_only`, or copy it to a folder that can be written, which its log needs",
        path.display()
    )]
    ReadOnly {
        /// The path.
        path: PathBuf,
    },
    /// Another process held the file for longer than the busy timeout. Try again.
    #[error("`{}` is held by another process; try again", path.display())]
    Busy {
        /// The path.
        path: PathBuf,
    },
    /// The disk has no room for what is written when a store is created or opened: what the log holds
    /// is brought home, an older format is taken to the newest, and beside the file stands the memory
    /// that processes share, for reading too. Nothing is lost by it.
    #[error("the disk is full; make room for `{}` and open it again", path.display())]
    StorageFull {
        /// The path.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error("`{}` is damaged; restore it from a backup", path.display())]
    Damaged {
        /// The path.
        path: PathBuf,
        /// Where and how.
        #[source]
        damage: Damage,
    },
    /// The operating system or SQLite failed.
    #[error("`{}` cannot be opened; check the path and its permissions", path.display())]
    Failed {
        /// The path.
        path: PathBuf,
        /// What was reported.
        #[source]
        source: BackendError,
    },
}

/// Why a backup could not be made. Nothing was left at its path.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// There is something at the path already. It was left as it was.
    #[error("there is something at `{}`; choose another path for the backup", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// The folder that it should be in does not exist.
    #[error("there is no folder for `{}`; create it first", path.display())]
    NoFolder {
        /// The path.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("the disk is full; make room for `{}` and try again", path.display())]
    StorageFull {
        /// The path.
        path: PathBuf,
    },
    /// The operating system or SQLite failed.
    #[error("the backup `{}` could not be made; check the path and its permissions", path.display())]
    Failed {
        /// The path.
        path: PathBuf,
        /// What was reported.
        #[source]
        source: BackendError,
    },
}

/// What went wrong in SQLite, by its extended result code.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The log was indexed while it was read: ask again.
    Outdated,
    Busy,
    /// Another program has made another format of the file.
    FormatChanged(u32),
    Full,
    ReadOnly,
    SharedMemory(BackendError),
    /// No room for the memory that processes share. Not `Full`: a commit that meets it may stand in the
    /// log.
    SharedMemoryFull(BackendError),
    Damaged(Damage),
    Other(BackendError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let Some(code) = error.sqlite_error().map(|error| error.extended_code) else {
            // Not from SQLite but from what a row holds: a type, a range or a text that is wrong.
            return Self::Damaged(Damage::elsewhere(error.to_string()));
        };
        match code {
            ffi::SQLITE_IOERR_SHMOPEN
            | ffi::SQLITE_IOERR_SHMLOCK
            | ffi::SQLITE_IOERR_SHMMAP
            | ffi::SQLITE_PROTOCOL => return Self::SharedMemory(Arc::new(error)),
            // It could not be made larger. Where it cannot be shared at all, mapping or locking it fails.
            ffi::SQLITE_IOERR_SHMSIZE => return Self::SharedMemoryFull(Arc::new(error)),
            // The last: the file ends within a page.
            ffi::SQLITE_IOERR_CORRUPTFS | ffi::SQLITE_IOERR_SHORT_READ => {
                return Self::Damaged(Damage::elsewhere(error.to_string()));
            }
            _ => {}
        }
        // The low byte of an extended code is the primary one.
        match code & 0xff {
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => Self::Busy,
            ffi::SQLITE_FULL => Self::Full,
            ffi::SQLITE_READONLY => Self::ReadOnly,
            // Every constraint was looked at before: if one fails, an index does not fit its table.
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB | ffi::SQLITE_CONSTRAINT => {
                Self::Damaged(Damage::elsewhere(error.to_string()))
            }
            _ => Self::Other(Arc::new(error)),
        }
    }
}

impl From<Damage> for Fault {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Busy => Self::Busy,
            ReadError::Damaged(damage) => Self::Damaged(damage),
            ReadError::FormatChanged { found, .. } => Self::FormatChanged(found),
            other => Self::Other(Arc::new(other)),
        }
    }
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Busy | Fault::Outdated => Self::Busy,
            Fault::FormatChanged(found) => Self::FormatChanged { found, known: FORMAT },
            Fault::Damaged(damage) => Self::Damaged(damage),
            Fault::SharedMemory(source)
            | Fault::SharedMemoryFull(source)
            | Fault::Other(source) => Self::Backend(source),
            Fault::Full => Self::Backend(Arc::new(Unexpected("the disk is full"))),
            Fault::ReadOnly => Self::Backend(Arc::new(Unexpected("the file is read-only"))),
        }
    }
}

impl From<Fault> for AppendError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Busy | Fault::Outdated => Self::Busy,
            Fault::FormatChanged(found) => Self::FormatChanged { found, known: FORMAT },
            Fault::Full => Self::StorageFull,
            Fault::ReadOnly => Self::ReadOnly,
            Fault::Damaged(damage) => Self::Damaged(damage),
            Fault::SharedMemory(source)
            | Fault::SharedMemoryFull(source)
            | Fault::Other(source) => Self::Backend(source),
        }
    }
}

impl Fault {
    pub(crate) fn on_open(self, path: PathBuf) -> OpenError {
        match self {
            Self::Busy | Self::Outdated => OpenError::Busy { path },
            Self::FormatChanged(found) => OpenError::NewerFormat { path, found, known: FORMAT },
            Self::SharedMemory(_) => OpenError::WalUnsupported { path },
            Self::Damaged(damage) => OpenError::Damaged { path, damage },
            Self::Other(source) => OpenError::Failed { path, source },
            Self::Full | Self::SharedMemoryFull(_) => OpenError::StorageFull { path },
            Self::ReadOnly => OpenError::ReadOnly { path },
        }
    }

    /// What to report of a commit whose outcome is not certain.
    pub(crate) fn into_source(self) -> BackendError {
        match self {
            Self::SharedMemory(source) | Self::SharedMemoryFull(source) | Self::Other(source) => {
                source
            }
            Self::Damaged(damage) => Arc::new(damage),
            Self::Busy | Self::Outdated => Arc::new(Unexpected("the store is busy")),
            Self::FormatChanged(_) => Arc::new(Unexpected("the file has another format")),
            Self::Full => Arc::new(Unexpected("the disk is full")),
            Self::ReadOnly => Arc::new(Unexpected("the file is read-only")),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unexpected(&'static str);

/// What was read, `None` if it is damaged.
pub(crate) fn if_whole<T>(read: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Fault::Damaged(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}
