//! R18: a file of format 1 is taken to format 2 while the power goes, the disk fails or is full.
//!
//! Afterwards the file is of the one format or of the other, whole; it opens, verifies, and is exported
//! as it was before. `VITAE_CRASH_IMAGES` sets how many images are tried of each point at which the
//! power may go, besides those that always are.

#![cfg(target_os = "linux")]

use std::collections::HashSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::types::Value;
use rusqlite::{Connection, ffi};
use tempfile::TempDir;
use vitae::StreamId;
use vitae::store::EventStore;
use vitae_crash_tests::{
    Call, Disk, Fault, Verdict, crashes, crashes_now, name, scratch, setting, try_each,
};
use vitae_sqlite::{OpenError, SqliteStore};

/// 200 events, one of them erased, a view row and a snapshot.
const FILE: &[u8] = include_bytes!("../../compat/format_1.db");
const EXPORT: &str = include_str!("../../compat/format_1.jsonl");

/// A folder with the file of format 1.
fn old() -> TempDir {
    let folder = scratch();
    fs::write(folder.path().join("events.db"), FILE).unwrap();
    folder
}

/// What stands in the tables of a file of either format.
struct Formats {
    first: String,
    second: String,
}

impl Formats {
    fn new() -> Self {
        let folder = old();
        let path = folder.path().join("events.db");
        let first = tables(&path);
        drop(SqliteStore::open(&path).unwrap());
        Self { first, second: tables(&path) }
    }

    /// Says which format a file is of, and opens it.
    fn judge(&self, path: &Path) -> Result<usize, Verdict> {
        let found = tables(path);
        let format = match () {
            () if found == self.first => 1,
            () if found == self.second => 2,
            () => return Err(broken(("between the formats", found.lines().next()))),
        };
        let store = SqliteStore::open(path).map_err(broken)?;
        let events = store.verify().map_err(broken)?;
        let row = store.row(&name("v"), b"k").map_err(broken)?.map(|row| row.value);
        let stream = StreamId::new("short", "1").unwrap();
        let snapshot = store.snapshot(&stream).map_err(broken)?.is_some();
        let holds = (events, row, snapshot);
        let mut exported = Vec::new();
        vitae::transfer::export(&store, &mut exported).map_err(broken)?;
        drop(store);
        if holds != (200, Some(b"row".to_vec()), true) || exported != EXPORT.as_bytes() {
            return Err(broken(format!("of format {format}, it held {holds:?}")));
        }
        if tables(path) != self.second {
            return Err(broken("opened, it is not of format 2"));
        }
        Ok(format)
    }
}

fn broken(reason: impl std::fmt::Debug) -> Verdict {
    Verdict::Broken(format!("{reason:?}"))
}

/// Everything that stands in a file that nobody has open, which stays as it is.
fn tables(path: &Path) -> String {
    let folder = scratch();
    for left in fs::read_dir(path.parent().unwrap()).unwrap().map(Result::unwrap) {
        fs::copy(left.path(), folder.path().join(left.file_name())).unwrap();
    }
    let file = Connection::open(folder.path().join("events.db")).unwrap();
    let format: u32 = file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let mut text = format!("format {format}\n");
    let tables = "SELECT name, sql FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY 1";
    let mut tables = file.prepare(tables).unwrap();
    let tables = tables.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for (table, made) in tables.map(Result::<(String, String), _>::unwrap) {
        writeln!(text, "{made}").unwrap();
        let mut rows = file.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query(()).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let row = (0..columns).map(|column| row.get_unwrap::<_, Value>(column));
            writeln!(text, "{:?}", row.collect::<Vec<_>>()).unwrap();
        }
    }
    text
}

#[test]
fn r18_a_power_cut_leaves_the_one_format_or_the_other() {
    let (formats, folder) = (Formats::new(), old());
    let disk = Disk::watch(folder.path());
    drop(SqliteStore::open(folder.path().join("events.db")).unwrap());
    let first = AtomicUsize::new(0);
    let images = crashes(&disk, setting("VITAE_CRASH_IMAGES", 60), 1);
    let outcomes = try_each(images, |path, _| {
        let format = formats.judge(path)?;
        first.fetch_add(usize::from(format == 1), Ordering::Relaxed);
        Ok(format)
    });
    outcomes.must_be_right();
    let first = first.into_inner();
    println!("{first} of format 1");
    assert!(first > 10 && outcomes.judged - first > 10, "{first} of {}", outcomes.judged);
}

/// Opens the file on disks whose n-th call fails, for every n. Says how often it was not opened, and
/// how often it was of format 2 nevertheless.
fn every(call: Call, code: i32, expected: fn(&OpenError) -> bool) -> (usize, usize) {
    let formats = Formats::new();
    let (mut refused, mut taken, mut known) = (0, 0, HashSet::new());
    for lasting in [false, true] {
        for nth in 1.. {
            assert!(nth < 5_000, "it never ends");
            let fault = Fault { call, nth, lasting, code };
            let folder = old();
            let path = folder.path().join("events.db");
            let disk = Disk::watch(folder.path());
            disk.fail(fault);
            // Closing it may be what fails.
            let error = SqliteStore::open(&path).map(drop).err();
            if !disk.has_failed() {
                assert!(error.is_none() && nth > 3, "{fault:?}: {error:?}");
                break;
            }
            disk.heal();
            let format = formats.judge(&path);
            let format = format.unwrap_or_else(|verdict| panic!("{fault:?}: {verdict:?}"));
            if let Some(error) = error {
                assert!(expected(&error), "{fault:?}: {error:?}");
                (refused, taken) = (refused + 1, taken + usize::from(format == 2));
            } else {
                assert_eq!(format, 2, "{fault:?}");
            }
            let images = crashes_now(&disk, 0, nth);
            let images = images.filter(|image| known.insert(image.fingerprint()));
            let outcomes = try_each(images, |path, _| formats.judge(path));
            assert!(outcomes.first.is_none(), "{fault:?}: {:?}", outcomes.first);
        }
    }
    println!("{call:?}: {refused} refused, {taken} of them of format 2");
    (refused, taken)
}

const fn failed(error: &OpenError) -> bool {
    matches!(error, OpenError::Failed { .. } | OpenError::MigrationFailed { found: 1, step: 2, .. })
}

const fn full(error: &OpenError) -> bool {
    matches!(error, OpenError::StorageFull { .. })
}

#[test]
fn r18_a_read_that_fails_leaves_the_one_format_or_the_other() {
    every(Call::Read, ffi::SQLITE_IOERR_READ, failed);
}

#[test]
fn r18_a_write_that_fails_leaves_the_one_format_or_the_other() {
    every(Call::Write, ffi::SQLITE_IOERR_WRITE, failed);
}

#[test]
fn r18_a_write_that_finds_no_room_leaves_the_one_format_or_the_other() {
    every(Call::Write, ffi::SQLITE_FULL, full);
}

#[test]
fn r18_a_sync_that_fails_leaves_the_one_format_or_the_other() {
    every(Call::Sync, ffi::SQLITE_IOERR_FSYNC, failed);
}

#[test]
fn r18_without_room_a_file_stays_of_its_format() {
    let (formats, folder) = (Formats::new(), old());
    let path = folder.path().join("events.db");
    let disk = Disk::watch(folder.path());
    disk.set_full(true);
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(full(&error), "{error:?}");
    assert!(tables(&path) == formats.first);
    disk.set_full(false);
    assert_eq!(formats.judge(&path).unwrap(), 1);
}
