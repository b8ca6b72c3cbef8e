//! R14: what is at a path, and what may be done with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Barrier};

use rusqlite::Connection;
use vitae::store::{AppendError, EventStore, Page, Query, Read, ReadError};
use vitae::{ManualClock, Timestamp};
use vitae_sqlite::{BackupError, OpenError, SqliteStore};
use vitae_tests::{Draft, name, read_all, read_pages, stream};

type Files = BTreeMap<String, Vec<u8>>;

fn files(folder: &Path) -> Files {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(&path).unwrap_or_default())
        })
        .collect()
}

/// A closed store with three events.
fn make(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    Draft::new().on("a/1").event("x", &[1; 3_000]).tag("t").event("x", &[2; 3_000]).must(&store);
    Draft::new().on("a/2").event("y", b"").must(&store);
}

/// Prepares a file, and checks that no way of opening takes it or changes anything.
#[track_caller]
fn refused(prepare: impl Fn(&Path), expected: impl Fn(&OpenError) -> bool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    prepare(&path);
    let before = files(folder.path());
    let results = [
        SqliteStore::open(&path),
        SqliteStore::open_existing(&path),
        SqliteStore::open_read_only(&path),
    ];
    for result in results {
        let error = result.expect_err("it was opened");
        assert!(expected(&error), "{error:?}");
        assert!(error.to_string().contains("events.db"), "{error}");
        assert!(error.to_string().contains("; "), "says what to do: {error}");
        assert!(before == files(folder.path()), "{error}: the folder was changed");
    }
}

fn write(bytes: &[u8]) -> impl Fn(&Path) {
    let bytes = bytes.to_vec();
    move |path| fs::write(path, &bytes).unwrap()
}

fn sql(path: &Path, batch: &str) {
    Connection::open(path).unwrap().execute_batch(batch).unwrap();
}

fn not_a_store(error: &OpenError) -> bool {
    matches!(error, OpenError::NotAStore { .. })
}

#[test]
fn r14_what_is_no_sqlite_file_is_refused() {
    refused(|path| fs::create_dir(path).unwrap(), not_a_store);
    refused(write(b""), not_a_store);
    refused(write(b"text"), not_a_store);
    refused(write(&[b'x'; 10_000]), not_a_store);
    refused(write(&[0; 4_096]), not_a_store);
    refused(write(b"SQLite format 3\0"), not_a_store);
    refused(write(&[b"SQLite format 3\0".as_slice(), &[0xff; 5_000]].concat()), not_a_store);
}

#[test]
fn r14_the_file_of_another_program_is_refused() {
    refused(|path| sql(path, "CREATE TABLE t (a); INSERT INTO t VALUES (1)"), not_a_store);
    refused(|path| sql(path, "PRAGMA application_id = 7; CREATE TABLE t (a)"), not_a_store);
    refused(|path| sql(path, "PRAGMA journal_mode = wal; CREATE TABLE t (a)"), not_a_store);
}

#[test]
fn r14_a_newer_format_is_refused() {
    refused(
        |path| {
            make(path);
            sql(path, "PRAGMA user_version = 99");
        },
        |error| matches!(error, OpenError::NewerFormat { found: 99, known: 2, .. }),
    );
    refused(
        |path| {
            make(path);
            sql(path, "PRAGMA user_version = 0");
        },
        |error| matches!(error, OpenError::Damaged { .. }),
    );
}

#[test]
fn r14_a_file_cut_short_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.db");
    make(&whole);
    let bytes = fs::read(&whole).unwrap();
    for length in [100, 512, 4_095, 4_096, 4_097, bytes.len() / 2, bytes.len() - 4_096] {
        refused(write(&bytes[..length]), |error| {
            matches!(error, OpenError::Truncated { .. } | OpenError::NotAStore { .. })
        });
    }
    for length in [4_096, bytes.len() / 2, bytes.len() - 4_096] {
        refused(write(&bytes[..length]), |error| matches!(error, OpenError::Truncated { .. }));
    }
}

#[test]
fn r14_a_checkpoint_that_was_cut_off_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let log = folder.path().join("events.db-wal");
    let store = SqliteStore::open(&path).unwrap();
    Draft::new().on("a/1").event("x", &[7; 50_000]).must(&store);
    let (before, logged) = (fs::read(&path).unwrap(), fs::read(&log).unwrap());
    drop(store);
    let after = fs::read(&path).unwrap();
    assert!(after.len() > before.len());
    // The first page says how long the file is, and is written first.
    fs::write(&path, [&after[..4_096], &before[4_096..]].concat()).unwrap();
    fs::write(&log, logged).unwrap();
    let reader = SqliteStore::open_read_only(&path).unwrap();
    assert_eq!(reader.verify().unwrap(), 1);
    drop(reader);
    assert_eq!(SqliteStore::open(&path).unwrap().verify().unwrap(), 1);
    assert!(after == fs::read(&path).unwrap());
}

#[test]
fn r14_a_log_without_its_store_is_not_played_into_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    fs::write(folder.path().join("events.db-wal"), b"left").unwrap();
    let before = files(folder.path());
    let error = SqliteStore::open(&path).err().unwrap();
    assert!(matches!(error, OpenError::Leftover { .. }), "{error:?}");
    assert_eq!(files(folder.path()), before);
}

#[test]
fn r14_a_store_that_must_be_there_is_not_created() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    for result in [SqliteStore::open_existing(&path), SqliteStore::open_read_only(&path)] {
        assert!(matches!(result.err().unwrap(), OpenError::Missing { .. }));
    }
    let nowhere = folder.path().join("nowhere").join("events.db");
    assert!(matches!(SqliteStore::open(nowhere).err().unwrap(), OpenError::NoFolder { .. }));
    assert_eq!(files(folder.path()), Files::new());
}

#[test]
fn r14_of_many_that_create_at_once_one_wins() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db");
        let barrier = Barrier::new(8);
        let logs: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        let store = SqliteStore::open(&path).unwrap();
                        Draft::new().on("a/1").event("x", b"").must(&store);
                        store.log_id()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(logs.iter().all(|log| *log == logs[0]));
        assert_eq!(SqliteStore::open(&path).unwrap().verify().unwrap(), 8);
        assert_eq!(files(folder.path()).keys().collect::<Vec<_>>(), ["events.db"]);
    }
}

#[test]
fn r14_a_path_may_look_like_a_uri() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["file:a?mode=memory#b", "100%41 ü.db", ":memory:"] {
        let path = folder.path().join(file);
        make(&path);
        assert_eq!(SqliteStore::open_existing(&path).unwrap().verify().unwrap(), 3);
        assert!(path.is_file());
    }
}

#[test]
fn r16_a_read_only_handle_follows_a_writer_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    make(&path);
    let before = fs::read(&path).unwrap();
    {
        let reader = SqliteStore::open_read_only(&path).unwrap();
        assert_eq!(read_all(&reader).len(), 3);
        let error = Draft::new().on("a/1").event("x", b"").try_on(&reader).unwrap_err();
        assert!(matches!(error, AppendError::ReadOnly));
    }
    assert!(before == fs::read(&path).unwrap());
    let reader = SqliteStore::open_read_only(&path).unwrap();
    let writer = SqliteStore::open(&path).unwrap();
    Draft::new().on("a/1").event("x", b"").must(&writer);
    assert_eq!(read_all(&reader).len(), 4);
    assert_eq!(reader.log_id(), writer.log_id());
    drop(writer);
    assert_eq!(reader.verify().unwrap(), 4);
}

#[test]
fn r16_two_handles_see_each_others_commits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let (one, two) = (SqliteStore::open(&path).unwrap(), SqliteStore::open(&path).unwrap());
    for round in 0..10 {
        let (writer, reader) = if round % 2 == 0 { (&one, &two) } else { (&two, &one) };
        let draft = Draft::new().on("a/1").event("x", &[round]).row("v", &[round], None, Some(b""));
        let receipt = draft.must(writer);
        assert_eq!(read_all(reader).len(), usize::from(round) + 1);
        assert_eq!(draft.must(reader), receipt.repeated());
    }
    assert_eq!(one.rows(&name("v"), b"", None, 99).unwrap().len(), 10);
    // Opening and closing a third leaves the two their locks.
    drop(SqliteStore::open(&path).unwrap());
    drop(one);
    Draft::new().on("a/1").event("x", b"").must(&two);
    assert_eq!(two.verify().unwrap(), 11);
}

#[test]
fn r16_a_format_that_becomes_newer_closes_the_handle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let store = SqliteStore::open(&path).unwrap();
    Draft::new().on("a/1").event("x", b"").must(&store);
    sql(&path, "PRAGMA user_version = 99");
    let draft = Draft::new().on("a/1").event("x", b"");
    let error = draft.try_on(&store).unwrap_err();
    assert!(matches!(error, AppendError::FormatChanged { found: 99, known: 2 }), "{error}");
    assert!(matches!(draft.try_on(&store), Err(AppendError::FormatChanged { .. })));
}

#[test]
fn r16_of_a_format_that_becomes_newer_nothing_is_read_and_nothing_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let store = SqliteStore::open(&path).unwrap();
    // What has no index when the store is dropped is indexed then.
    Draft::new().on("a/1").event("x", b"").row("v", b"k", None, Some(b"row")).must(&store);
    sql(&path, "PRAGMA user_version = 99");
    let (log, mut page) = (Read::log(Query::all()), Page::new());
    for answer in [
        store.read(&log, &mut page),
        store.read(&Read::stream(stream("a/1")), &mut page),
        store.row(&name("v"), b"k").map(drop),
        store.schemas().map(drop),
        store.head().map(drop),
        store.verify().map(drop),
    ] {
        let error = answer.unwrap_err();
        assert!(matches!(error, ReadError::FormatChanged { found: 99, known: 2 }), "{error}");
        assert!(error.to_string().ends_with("update this program"), "{error}");
    }
    drop(store);
    let file = Connection::open(&path).unwrap();
    let indexed: i64 = file.query_row("SELECT indexed FROM meta", (), |row| row.get(0)).unwrap();
    assert_eq!(indexed, 0);
}

#[test]
fn a_backup_is_a_store_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("events.db"), folder.path().join("copy.db"));
    let store = SqliteStore::open(&path).unwrap();
    for number in 0..100_u8 {
        Draft::new().on(&format!("a/{}", number % 7)).event("x", &[number]).tag("t").must(&store);
    }
    let before = read_all(&store);
    store.back_up(&copy).unwrap();
    // The store goes on, and the copy does not.
    Draft::new().on("a/1").event("x", b"later").must(&store);
    let backup = SqliteStore::open(&copy).unwrap();
    assert_eq!(read_all(&backup), before);
    assert_eq!((backup.verify().unwrap(), backup.log_id()), (100, store.log_id()));
    Draft::new().on("a/1").event("x", b"other").must(&backup);
    assert_eq!(store.verify().unwrap(), 101);

    let taken = store.back_up(&copy).unwrap_err();
    assert!(matches!(taken, BackupError::Exists { .. }), "{taken}");
    let lost = store.back_up(folder.path().join("no/copy.db")).unwrap_err();
    assert!(matches!(lost, BackupError::NoFolder { .. }), "{lost}");
    drop((store, backup));
    assert_eq!(files(folder.path()).len(), 2);
}

/// Neither positions, nor versions, nor what is read first, follow the clock.
#[test]
fn r03_a_clock_that_goes_back_puts_nothing_out_of_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
    let times = [1_000, -7, i64::MAX, i64::MIN, 0];
    for (nth, micros) in (0..).zip(times) {
        clock.set(Timestamp::from_micros(micros));
        let store = SqliteStore::options().clock(clock.clone()).open(&path).unwrap();
        let draft = Draft::new().on("a/1").event("x", &[nth]).event("x", &[nth]);
        let receipt = draft.must(&store);
        assert_eq!(receipt.recorded_at.as_micros(), micros);
        assert_eq!(store.receipt(draft.0.id).unwrap(), Some(receipt));
    }
    let store = SqliteStore::open(&path).unwrap();
    let seen = read_all(&store);
    for (index, event) in seen.iter().enumerate() {
        assert_eq!([event.position, event.version], [index as u64 + 1; 2]);
        assert_eq!(usize::from(event.payload[0]), index / 2);
    }
    assert_eq!(seen, read_pages(&store, Read::stream(stream("a/1"))));
    assert_eq!(seen.len(), 10);
    assert_eq!(store.verify().unwrap(), 10);
}

#[test]
fn no_busy_timeout_is_too_long() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteStore::options().busy_timeout(std::time::Duration::MAX);
    let store = options.open(folder.path().join("events.db")).unwrap();
    assert_eq!(store.head().unwrap(), None);
}
