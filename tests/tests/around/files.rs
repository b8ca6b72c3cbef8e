//! An erased payload is in no file of an SQLite store.

use std::fs;
use std::path::Path;

use vitae::store::EventStore;
use vitae_sqlite::SqliteStore;
use vitae_tests::{Draft, position, read_pages};

/// What nothing but the payloads to be erased has in it.
const SECRET: &[u8] = b"born on the fourth of May";

/// A payload of about so many bytes that is full of the secret.
fn secret(bytes: usize) -> Vec<u8> {
    SECRET.iter().copied().cycle().take(bytes.max(SECRET.len())).collect()
}

/// The files of a folder that hold the secret, or any part of it that is not short.
fn telling(folder: &Path) -> Vec<String> {
    let mut telling = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        if bytes.windows(12).any(|window| SECRET.windows(12).any(|part| part == window)) {
            telling.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    telling.sort();
    telling
}

/// A store with many events, of which every third is to be erased: some within a page, some over
/// several.
fn specimen(path: &Path) -> (SqliteStore, Vec<u64>) {
    let store = SqliteStore::open(path).unwrap();
    for number in 0..90 {
        let payload = match number % 3 {
            0 => secret([30, 500, 3_000, 20_000][number / 3 % 4]),
            _ => vec![7; 300],
        };
        Draft::new().on(&format!("a/{}", number % 7)).event("x", &payload).must(&store);
    }
    (store, (1..=90).step_by(3).collect())
}

fn erase(store: &SqliteStore, positions: &[u64]) {
    let mut act = Draft::new().on("act/1").event("act", b"");
    act.0.erasures = positions.iter().copied().map(position).collect();
    act.must(store);
}

#[test]
fn once_acknowledged_the_bytes_are_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let (store, secrets) = specimen(&path);
    assert!(telling(folder.path()).contains(&"events.db-wal".to_owned()));
    // From the log into the file, too.
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(telling(folder.path()), ["events.db"]);
    erase(&store, &secrets);
    assert_eq!(telling(folder.path()), Vec::<String>::new());
    assert_eq!(store.verify().unwrap(), 91);
    drop(store);
    assert_eq!(telling(folder.path()), Vec::<String>::new());
}

#[test]
fn a_reader_under_way_holds_the_log_up_until_the_next_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let (store, secrets) = specimen(&path);
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM meta").unwrap();
    erase(&store, &secrets);
    assert_eq!(telling(folder.path()), ["events.db-wal"]);
    reader.execute_batch("COMMIT").unwrap();
    Draft::new().on("a/1").event("x", b"").must(&store);
    assert_eq!(telling(folder.path()), Vec::<String>::new());
    assert_eq!(store.verify().unwrap(), 92);
}

#[test]
fn a_reader_under_way_holds_the_log_up_until_the_store_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let (store, secrets) = specimen(&path);
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM meta").unwrap();
    erase(&store, &secrets);
    drop(reader);
    drop(store);
    assert_eq!(telling(folder.path()), Vec::<String>::new());
}

#[test]
fn a_handle_that_closes_leaves_nothing_to_those_that_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let (store, secrets) = specimen(&path);
    let other = SqliteStore::open(&path).unwrap();
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM meta").unwrap();
    erase(&store, &secrets);
    reader.execute_batch("COMMIT").unwrap();
    // In the file, or in the log.
    assert_ne!(telling(folder.path()), Vec::<String>::new());
    drop(store);
    assert_eq!(telling(folder.path()), Vec::<String>::new());
    drop(other);
}

#[test]
fn what_a_damaged_event_was_is_not_sealed_by_an_erasure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    drop(specimen(&path));
    let change =
        "UPDATE blocks SET body = (SELECT body FROM blocks WHERE position = 1) WHERE position = 2";
    rusqlite::Connection::open(&path).unwrap().execute_batch(change).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    let mut act = Draft::new().on("act/1").event("act", b"");
    act.0.erasures.push(position(2));
    let error = act.try_on(&store).unwrap_err();
    assert!(matches!(error, vitae::store::AppendError::Damaged(_)), "{error:?}");
    let acts = read_pages(&store, vitae::store::Read::stream(vitae_tests::stream("act/1")));
    assert_eq!(acts, []);
}
