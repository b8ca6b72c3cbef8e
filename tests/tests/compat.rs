//! R18: files of older formats open, and hold what they held.
//!
//! `tests/compat/format_1.db` was written by the program before format 2: 200 events, one of them erased, of
//! which `format_1.jsonl` is the export; a view row and a snapshot.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use vitae::store::{Digest, EventStore, Page, Read};
use vitae::{CommitId, Timestamp};
use vitae_sqlite::{OpenError, SqliteStore};
use vitae_tests::{Draft, name, position, stream};

const FILE: &[u8] = include_bytes!("../compat/format_1.db");
const EXPORT: &str = include_str!("../compat/format_1.jsonl");

/// The file of format 1 in a folder of its own.
fn old() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    fs::write(&path, FILE).unwrap();
    (folder, path)
}

fn exported(store: &SqliteStore) -> String {
    let mut lines = Vec::new();
    vitae::transfer::export(store, &mut lines).unwrap();
    String::from_utf8(lines).unwrap()
}

fn versions(store: &SqliteStore, id: &str) -> Vec<u64> {
    let mut page = Page::new();
    store.read(&Read::stream(stream(id)), &mut page).unwrap();
    assert!(page.is_last());
    page.iter().map(|event| event.version().get()).collect()
}

fn format(path: &Path) -> u32 {
    let file = Connection::open(path).unwrap();
    file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn r18_a_file_of_format_1_holds_what_it_held() {
    let (_folder, path) = old();
    assert_eq!(format(&path), 1);
    // Commits without events, which the file lacks.
    let bare = "INSERT INTO bare_commits VALUES (?1, ?2, 9)";
    for nth in 1..=3_u8 {
        Connection::open(&path).unwrap().execute(bare, (&[nth; 16], nth)).unwrap();
    }
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(format(&path), 2);
    assert_eq!(store.verify().unwrap(), 200);
    assert_eq!(exported(&store), EXPORT);
    assert_eq!(store.row(&name("v"), b"k").unwrap().unwrap().value, b"row");
    assert!(store.snapshot(&stream("short/1")).unwrap().is_some());
    assert_eq!(versions(&store, "long/1"), (1..=160).collect::<Vec<_>>());
    for nth in 1..=3_u8 {
        let receipt = store.receipt(CommitId::from_bytes([nth; 16])).unwrap().unwrap();
        assert_eq!(receipt.recorded_at, Timestamp::from_micros(i64::from(nth)));
        assert_eq!((receipt.positions, receipt.digest), (None, Digest(9)));
    }
    // It goes on: what is longer than before is bundled from its next index on.
    for _ in 0..100 {
        Draft::new().on("long/1").event("x", b"new").must(&store);
    }
    let mut act = Draft::new().on("act/1").event("act", b"");
    act.0.erasures.push(position(1));
    act.must(&store);
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.verify().unwrap(), 301);
    assert_eq!(versions(&store, "long/1"), (1..=260).collect::<Vec<_>>());
    let bundles = "SELECT count(*) FROM bundles";
    let bundles: i64 =
        Connection::open(&path).unwrap().query_row(bundles, (), |row| row.get(0)).unwrap();
    assert_eq!(bundles, 1);
}

#[test]
fn r18_the_view_shows_the_same_before_and_after() {
    let (_folder, path) = old();
    let log = |path: &Path| {
        let file = Connection::open(path).unwrap();
        let mut select = file
            .prepare("SELECT position || category || stream || version || kind || occurred_at || recorded_at FROM log")
            .unwrap();
        let rows = select.query_map((), |row| row.get::<_, String>(0)).unwrap();
        rows.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let before = log(&path);
    drop(SqliteStore::open(&path).unwrap());
    assert_eq!(before.len(), 200);
    assert_eq!(log(&path), before);
}

#[test]
fn r18_opening_for_reading_leaves_an_old_file_as_it_is() {
    let (_folder, path) = old();
    let error = SqliteStore::open_read_only(&path).unwrap_err();
    assert!(matches!(error, OpenError::OlderFormat { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), FILE);
}

#[test]
fn r19_an_old_file_whose_trees_are_damaged_is_no_endless_way() {
    let (_folder, path) = old();
    let mut damaged = FILE.to_vec();
    // A key above the leaves of `blocks`: what is looked for behind a row leads to it again.
    damaged[6 * 4_096 - 1] ^= 0xac;
    fs::write(&path, &damaged).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::MigrationFailed { found: 1, step: 2, .. }), "{error:?}");
    assert_eq!(format(&path), 1);
}

#[test]
fn r18_an_old_file_that_is_damaged_stays_as_it_was() {
    let (_folder, path) = old();
    let file = Connection::open(&path).unwrap();
    file.execute("UPDATE blocks SET body = zeroblob(30) WHERE position > 1", ()).unwrap();
    let dump = |file: &Connection| -> i64 {
        let sum = "SELECT sum(length(body)) FROM blocks";
        file.query_row(sum, (), |row| row.get(0)).unwrap()
    };
    let before = dump(&file);
    drop(file);
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::MigrationFailed { found: 1, step: 2, .. }), "{error:?}");
    assert_eq!((format(&path), dump(&Connection::open(&path).unwrap())), (1, before));
}
