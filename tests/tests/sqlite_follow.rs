//! R9 on a file: waiting for what others commit.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rusqlite::Connection;
use vitae::GlobalPosition;
use vitae::store::{EventStore, ReadError};
use vitae_sqlite::SqliteStore;
use vitae_tests::{Draft, position};

/// Longer than anything takes here: a wait that comes to this has failed.
const FOR_EVER: Duration = Duration::from_secs(60);

/// Where the other process finds the file.
const FILE: &str = "VITAE_TEST_FILE";

fn append(store: &dyn EventStore) -> GlobalPosition {
    Draft::new().on("a/1").event("x", b"").must(store).positions.unwrap().1
}

fn wait_past(store: &dyn EventStore, seen: Option<GlobalPosition>) -> GlobalPosition {
    let woken = store.changes().wait_past_timeout(seen, FOR_EVER).unwrap();
    woken.expect("nobody woke the reader")
}

fn in_a_folder(test: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    test(&folder.path().join("events.db"));
}

#[test]
fn what_a_handle_commits_needs_no_looking() {
    in_a_folder(|path| {
        let alone = || SqliteStore::options().follow(None).open(path).unwrap();
        let store = alone();
        for number in 1..=3 {
            std::thread::scope(|scope| {
                let seen = store.head().unwrap();
                let store = &store;
                let woken = scope.spawn(move || wait_past(store, seen));
                append(store);
                assert_eq!(woken.join().unwrap(), position(number));
            });
        }
        drop(store);
        assert_eq!(alone().changes().head(), Some(position(3)), "known from the beginning");
    });
}

#[test]
fn the_commits_of_other_handles_are_noticed() {
    in_a_folder(|path| {
        let writer = SqliteStore::open(path).unwrap();
        let others = [SqliteStore::open(path).unwrap(), SqliteStore::open_read_only(path).unwrap()];
        for number in 1..=3 {
            let head = append(&writer);
            for store in &others {
                assert_eq!(wait_past(store, GlobalPosition::new(number - 1)), head);
                assert_eq!(store.head().unwrap(), Some(head));
            }
        }
        // The other way round, too.
        append(&others[0]);
        assert_eq!(wait_past(&writer, Some(position(3))), position(4));
    });
}

#[test]
fn the_commits_of_another_process_are_noticed() {
    in_a_folder(|path| {
        let store = SqliteStore::open(path).unwrap();
        let program = std::env::current_exe().unwrap();
        let mut other = Command::new(program)
            .args(["--exact", "another_process", "--ignored"])
            .env(FILE, path)
            .spawn()
            .unwrap();
        let mut seen = None;
        while seen < Some(position(20)) {
            let head = wait_past(&store, seen);
            assert!(store.head().unwrap() >= Some(head));
            seen = Some(head);
        }
        assert!(other.wait().unwrap().success());
    });
}

#[test]
#[ignore = "run by the test above, as another process"]
fn another_process() {
    let store = SqliteStore::open(PathBuf::from(std::env::var_os(FILE).unwrap())).unwrap();
    for _ in 0..20 {
        append(&store);
    }
}

#[test]
fn what_keeps_it_from_looking_is_said() {
    in_a_folder(|path| {
        drop(SqliteStore::open(path).unwrap());
        let store = SqliteStore::open_read_only(path).unwrap();
        let file = Connection::open(path).unwrap();
        file.execute_batch("ALTER TABLE blocks RENAME TO gone").unwrap();
        let error = store.changes().wait_past_timeout(None, FOR_EVER).unwrap_err();
        assert!(!matches!(error, ReadError::Closed), "{error}");
        // Once it can look again, waiting goes on.
        file.execute_batch("ALTER TABLE gone RENAME TO blocks").unwrap();
        let writer = SqliteStore::open(path).unwrap();
        append(&writer);
        let woken = loop {
            match store.changes().wait_past_timeout(None, FOR_EVER) {
                Err(_) => std::thread::yield_now(),
                Ok(woken) => break woken,
            }
        };
        assert_eq!(woken, Some(position(1)));
    });
}
