//! A copy of a store in use.
//!
//! Owns how a backup comes into being: complete or not at all. Never holds up a writer, and never
//! replaces a file.

use std::fs::{self, File};
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use vitae::LogId;

use crate::create::publish;
use crate::error::{BackupError, Fault};
use crate::inspect::beside;
use crate::pool::Pool;

/// Every page that there is, in one step: a reader's moment, which later commits do not change.
const ALL_PAGES: i32 = -1;

pub(crate) fn back_up(readers: &Pool, path: &Path) -> Result<(), BackupError> {
    let to = || path.to_owned();
    if fs::symlink_metadata(path).is_ok() {
        return Err(BackupError::Exists { path: to() });
    }
    let path = std::path::absolute(path).map_err(|error| BackupError::Failed {
        path: to(),
        source: Fault::from(error).into_source(),
    })?;
    if path.parent().is_some_and(|folder| !folder.is_dir()) {
        return Err(BackupError::NoFolder { path });
    }
    let temporary = beside(&path, &format!(".{}.new", LogId::generate()));
    let result = copy(readers, &temporary).and_then(|()| publish(&temporary, &path));
    // It is a second name of the backup now, or of no use.
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(beside(&temporary, suffix));
    }
    match result {
        Ok(true) => Ok(()),
        Ok(false) => Err(BackupError::Exists { path }),
        Err(Fault::Full) => Err(BackupError::StorageFull { path }),
        Err(fault) => Err(BackupError::Failed { path, source: fault.into_source() }),
    }
}

fn copy(readers: &Pool, temporary: &Path) -> Result<(), Fault> {
    let mut target = Connection::open(temporary)?;
    readers.ask_file(|source| {
        let backup = Backup::new(source, &mut target)?;
        match backup.step(ALL_PAGES)? {
            StepResult::Done => Ok(()),
            _ => Err(Fault::Busy),
        }
    })?;
    target.close().map_err(|(_, error)| error)?;
    File::open(temporary).and_then(|file| file.sync_all())?;
    Ok(())
}
