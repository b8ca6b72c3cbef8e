//! A new file.
//!
//! Owns how a store comes into being: complete or not at all. Never replaces a file.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use vitae::{LogId, Timestamp};

use crate::error::{Fault, OpenError};
use crate::inspect::{APPLICATION_ID, beside, has_content};
use crate::migrate::{STEPS, climb};
use crate::{seal, sql};

/// The format of a file without tables.
const NOTHING: u32 = 0;

/// Makes a store at a path where there is nothing. If someone else makes one meanwhile, theirs
/// stays.
pub(crate) fn create(path: &Path, now: Timestamp) -> Result<(), OpenError> {
    if path.parent().is_some_and(|folder| !folder.is_dir()) {
        return Err(OpenError::NoFolder { path: path.to_owned() });
    }
    refuse_leftovers(path)?;
    let log_id = LogId::generate();
    let temporary = beside(path, &format!(".{log_id}.new"));
    let result = fill(&temporary, log_id, now)
        .and_then(|()| publish(&temporary, path))
        .map(drop)
        .map_err(|fault| {
            match fault {
                // A folder in which the journal mode cannot be set.
                Fault::ReadOnly => OpenError::WalUnsupported { path: path.to_owned() },
                fault => fault.on_open(path.to_owned()),
            }
        });
    // It is a second name of the store now, or of no use.
    let _ = fs::remove_file(&temporary);
    result
}

/// A log without its store would be played into the new one.
fn refuse_leftovers(path: &Path) -> Result<(), OpenError> {
    for suffix in ["-wal", "-journal"] {
        let journal = beside(path, suffix);
        if has_content(&journal) {
            return Err(OpenError::Leftover { path: path.to_owned(), journal });
        }
    }
    Ok(())
}

fn fill(temporary: &Path, log_id: LogId, now: Timestamp) -> Result<(), Fault> {
    let mut connection = Connection::open(temporary)?;
    connection.pragma_update(None, "page_size", 4_096)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    let transaction = connection.transaction()?;
    climb(&transaction, NOTHING, STEPS).map_err(|failed| failed.fault)?;
    let (log_id, now) = (log_id.as_bytes().as_slice(), now.as_micros());
    transaction.execute(sql::CREATE_META, (log_id, now, seal::identity(log_id, now)))?;
    transaction.commit()?;
    let modes: Vec<String> = {
        let mut statement = connection.prepare("PRAGMA journal_mode = wal")?;
        // Past its only row: the change is committed there, and who stops before never hears that
        // it has failed.
        let rows = statement.query_map((), |row| row.get(0))?;
        rows.collect::<Result<_, _>>()?
    };
    if modes != ["wal"] {
        return Err(Fault::ReadOnly);
    }
    connection.close().map_err(|(_, error)| error)?;
    File::open(temporary).and_then(|file| file.sync_all())?;
    Ok(())
}

/// Gives a file that is complete and synced its name. False if there is something else already: that
/// stays.
pub(crate) fn publish(temporary: &Path, path: &Path) -> Result<bool, Fault> {
    // A hard link, for a rename would replace a store that someone made meanwhile.
    match fs::hard_link(temporary, path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    sync_folder(path)?;
    Ok(true)
}

/// Makes the names in the file's folder durable, not only the file.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> Result<(), Fault> {
    if let Some(folder) = path.parent() {
        File::open(folder).and_then(|folder| folder.sync_all())?;
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> Result<(), Fault> {
    Ok(())
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Other(Arc::new(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_a_sync_that_finds_no_room_is_said_to() {
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            let path = Path::new("events.db").to_owned();
            let error = Fault::from(std::io::Error::from(kind)).on_open(path);
            assert!(matches!(error, OpenError::StorageFull { .. }), "{error:?}");
        }
    }
}
