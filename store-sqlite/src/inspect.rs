//! The look at a file before it is opened.
//!
//! Owns the decision whether a file is a store of ours. Never writes, and never lets SQLite make a
//! file beside it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use vitae::store::Damage;

use crate::error::{Fault, OpenError};

/// `vite`: marks a SQLite file as a store of ours, at byte 68 of its header.
pub(crate) const APPLICATION_ID: i32 = 0x7669_7465;

/// The format that this program reads and writes, the newest that it knows: at byte 60 of the header.
pub(crate) const FORMAT: u32 = 2;

/// How often a file that looks cut short is looked at.
const LOOKS: u32 = 3;

pub(crate) enum Found {
    Nothing,
    Store,
}

/// Looks at what is at a path, and refuses everything that is neither nothing nor a store of a
/// format that this program knows.
pub(crate) fn inspect(path: &Path) -> Result<Found, OpenError> {
    let refuse = |reason| Err(OpenError::NotAStore { path: path.to_owned(), reason });
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(Fault::Other(Arc::new(error)).on_open(path.to_owned())),
    };
    if metadata.is_dir() {
        return refuse("it is a folder");
    }
    if !metadata.is_file() {
        return refuse("it is not a file");
    }
    if metadata.len() == 0 {
        return refuse("it is empty");
    }
    // A checkpoint of another process may come to its end between two things that are looked at.
    for look in 1..=LOOKS {
        let header = match Header::read(path) {
            Ok(header) => header,
            Err(Fault::Damaged(_)) => return refuse("it is not a SQLite file"),
            Err(fault) => return Err(fault.on_open(path.to_owned())),
        };
        if header.application_id != APPLICATION_ID {
            return refuse("it is the SQLite file of another program");
        }
        check_format(path, header.format, FORMAT)?;
        // While the file has a log, a checkpoint under way or cut off by a crash may have written the
        // first page before the last one: then the rest is in the log.
        if !header.cut_short || has_content(&beside(path, "-wal")) {
            break;
        }
        if look == LOOKS {
            return Err(OpenError::Truncated { path: path.to_owned() });
        }
    }
    Ok(Found::Store)
}

/// Refuses a format that a program does not know whose newest is `known`.
pub(crate) fn check_format(path: &Path, found: u32, known: u32) -> Result<(), OpenError> {
    if found > known {
        return Err(OpenError::NewerFormat { path: path.to_owned(), found, known });
    }
    if found == 0 {
        return Err(OpenError::Damaged {
            path: path.to_owned(),
            damage: Damage::elsewhere("the file names no format"),
        });
    }
    Ok(())
}

/// Refuses every format but the one that a program reads and writes, `known`.
pub(crate) fn require_format(path: &Path, found: u32, known: u32) -> Result<(), OpenError> {
    check_format(path, found, known)?;
    if found < known {
        return Err(OpenError::OlderFormat { path: path.to_owned(), found, known });
    }
    Ok(())
}

/// The path of a file that SQLite keeps beside the store.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

pub(crate) fn has_content(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0)
}

struct Header {
    application_id: i32,
    format: u32,
    cut_short: bool,
}

impl Header {
    /// Reads the header through SQLite with `immutable`: no lock, no log, no file beside it.
    ///
    /// Not through a file handle of our own: closing one drops every POSIX lock that this process
    /// has on the file, those of a store that is open in it too
    /// (<https://www.sqlite.org/howtocorrupt.html>, 2.2). SQLite knows how to close without that.
    fn read(path: &Path) -> Result<Self, Fault> {
        let bytes = fs::metadata(path)?.len();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(immutable(path), flags)?;
        // Lets the header of a file be read that is shorter than the header says.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, true)?;
        let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get(0));
        let application_id = number("application_id")?;
        let format = number("user_version")?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false)?;
        let page_size = u64::try_from(number("page_size")?).unwrap_or(0);
        let cut_short = match number("page_count").map_err(Fault::from) {
            // SQLite takes a part of the last page for all of it.
            Ok(_) => !bytes.is_multiple_of(page_size),
            Err(Fault::Damaged(_)) => true,
            Err(fault) => return Err(fault),
        };
        Ok(Self { application_id, format: u32::try_from(format).unwrap_or(0), cut_short })
    }
}

/// The URI of a file that is read as if nobody could change it.
fn immutable(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path_bytes(path) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

#[cfg(unix)]
fn path_bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(not(unix))]
fn path_bytes(path: &Path) -> Vec<u8> {
    // `C:\a` is `file:/C:/a`.
    format!("/{}", path.to_string_lossy().replace('\\', "/")).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r18_an_older_format_is_not_read_and_it_is_said_what_to_do() {
        let path = Path::new("events.db");
        assert!(check_format(path, 1, 2).is_ok());
        assert!(require_format(path, 2, 2).is_ok());
        let error = require_format(path, 1, 2).unwrap_err();
        assert!(matches!(error, OpenError::OlderFormat { found: 1, known: 2, .. }), "{error:?}");
        assert!(error.to_string().contains("open it for writing once"), "{error}");
        let error = require_format(path, 3, 2).unwrap_err();
        assert!(matches!(error, OpenError::NewerFormat { found: 3, known: 2, .. }), "{error:?}");
    }
}
