//! The events of long streams once more, one behind the other: what is read there is what the log says.
//!
//! Black box but for the counting and the damaging of bundles, which look into the file.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use vitae::store::{EventStore, Page, Read, ReadError};
use vitae::{MemoryStore, StreamVersion};
use vitae_sqlite::{Options, SqliteStore};
use vitae_tests::{Draft, position, stream};

/// An index after every 10 events, bundles of 4 in streams of 8 or more.
fn options() -> Options {
    SqliteStore::options().index_every(10).bundles(8, 4)
}

/// The `nth` commit: one event in a stream of its own turn, two in the one that gets long.
fn commit(store: &dyn EventStore, nth: u8) {
    let payload = [nth; 5];
    Draft::new()
        .on("long/1")
        .event("x", &payload)
        .event("y", &[])
        .on(&format!("short/{nth}"))
        .event("z", &payload)
        .must(store);
}

fn filled(path: &Path, options: Options, commits: u8) -> SqliteStore {
    let store = options.open(path).unwrap();
    (0..commits).for_each(|nth| commit(&store, nth));
    store
}

/// How many bundles there are, asked of the file.
fn bundles(path: &Path) -> i64 {
    let count = "SELECT count(*) FROM bundles";
    Connection::open(path).unwrap().query_row(count, (), |row| row.get(0)).unwrap()
}

fn change(path: &Path, sql: &str) {
    assert_eq!(Connection::open(path).unwrap().execute(sql, ()).unwrap(), 1, "{sql}");
}

/// What a page shows of each event, apart from its times and ids.
fn shown(store: &dyn EventStore, read: &Read) -> Result<(Vec<String>, bool), ReadError> {
    let mut page = Page::new();
    store.read(read, &mut page)?;
    let show = |event: vitae::store::EventRef<'_>| {
        let place = (event.position(), event.stream(), event.version());
        format!("{place:?} {} {:?}", event.kind(), event.payload())
    };
    Ok((page.iter().map(show).collect(), page.is_last()))
}

fn reads() -> Vec<Read> {
    let mut reads = Vec::new();
    for from in 1..=42 {
        for most in [1, 3, 4, 5, 40] {
            let from = StreamVersion::new(from).unwrap();
            let read = Read::stream(stream("long/1")).from_version(from).page_of(most);
            reads.extend([read.clone(), read.backwards()]);
        }
    }
    reads
}

#[test]
fn every_page_of_a_bundled_stream_is_that_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let store = filled(&path, options(), 19);
    let memory = MemoryStore::new();
    (0..19).for_each(|nth| commit(&memory, nth));
    assert_eq!(bundles(&path), 8, "32 of its 38 events are indexed");
    for read in reads() {
        assert_eq!(shown(&store, &read).unwrap(), shown(&memory, &read).unwrap(), "{read:?}");
    }
    assert_eq!(store.verify().unwrap(), 57);
}

#[test]
fn a_bundled_stream_is_read_from_its_bundles() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    drop(filled(&path, options(), 20));
    let right = shown(&SqliteStore::open(&path).unwrap(), &Read::stream(stream("long/1"))).unwrap();
    change(&path, "UPDATE blocks SET body = zeroblob(length(body)) WHERE position = 1");
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(shown(&store, &Read::stream(stream("long/1"))).unwrap(), right);
    let error = shown(&store, &Read::stream(stream("short/0"))).unwrap_err();
    assert!(matches!(error, ReadError::Damaged(_)), "{error:?}");
}

#[test]
fn a_stream_is_bundled_from_its_first_event_on_once_it_is_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let store = filled(&path, options().index_every(1), 3);
    assert_eq!(bundles(&path), 0, "it has 6 events");
    commit(&store, 3);
    assert_eq!(bundles(&path), 2, "it has 8");
    commit(&store, 4);
    assert_eq!(bundles(&path), 2, "it has 10");
    drop(store);
    // What was bundled otherwise is read as well as before.
    let store = filled(&path, SqliteStore::options().index_every(1).bundles(1, 3), 19);
    assert_eq!(bundles(&path), 15, "48 events: two bundles of 4, thirteen of 3, and one event");
    assert_eq!(store.verify().unwrap(), 72);
    let memory = MemoryStore::new();
    (0..5).chain(0..19).for_each(|nth| commit(&memory, nth));
    for read in reads() {
        assert_eq!(shown(&store, &read).unwrap(), shown(&memory, &read).unwrap(), "{read:?}");
    }
}

#[test]
fn what_is_bundled_is_not_bundled_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    drop(filled(&path, options().index_every(1).bundles(4, 4), 4));
    assert_eq!(bundles(&path), 2);
    // It is long once more, for somebody with another opinion.
    let store = filled(&path, options().index_every(1).bundles(12, 4), 2);
    assert_eq!(bundles(&path), 3);
    assert_eq!(store.verify().unwrap(), 18);
}

#[test]
fn who_wants_no_bundles_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    drop(filled(&path, SqliteStore::options().index_every(1).bundles(u64::MAX, 4), 30));
    assert_eq!(bundles(&path), 0);
}

#[test]
fn large_events_are_left_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let store = options().index_every(1).open(&path).unwrap();
    for bytes in [10_000, 20_000] {
        for _ in 0..8 {
            Draft::new().on(&format!("of/{bytes}")).event("x", &vec![7; bytes]).must(&store);
        }
    }
    assert_eq!(bundles(&path), 2, "those of 40 KB, not those of 80 KB");
    let (events, _) = shown(&store, &Read::stream(stream("of/20000"))).unwrap();
    assert_eq!(events.len(), 8);
    assert_eq!(store.verify().unwrap(), 16);
}

#[test]
fn what_is_erased_is_in_no_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let store = options().index_every(1).open(&path).unwrap();
    let secret = b"born on the fourth of May";
    for nth in 0..16 {
        let payload = if nth == 5 { &secret[..] } else { b"nothing to hide" };
        Draft::new().on("long/1").event("x", payload).must(&store);
    }
    let telling = || {
        let files = fs::read_dir(folder.path()).unwrap().map(|file| fs::read(file.unwrap().path()));
        let times = |bytes: Vec<u8>| bytes.windows(12).filter(|at| secret.starts_with(at)).count();
        files.map(|bytes| times(bytes.unwrap())).sum::<usize>()
    };
    assert!(telling() >= 2, "it stands in the log and in a bundle");
    let mut act = Draft::new().on("act/1").event("act", b"");
    act.0.erasures.push(position(6));
    act.must(&store);
    assert_eq!(telling(), 0);
    assert_eq!(bundles(&path), 3, "of four one was taken away");
    let (events, _) = shown(&store, &Read::stream(stream("long/1"))).unwrap();
    assert!(events[5].ends_with("Err(Erased)"), "{}", events[5]);
    assert_eq!(events.iter().filter(|event| event.contains("Ok(")).count(), 15);
    assert_eq!(store.verify().unwrap(), 17);
}

/// What verifying says of a file with a damage of which nobody who reads it sees anything.
fn verified_after(damage: impl FnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let memory = MemoryStore::new();
    (0..20).for_each(|nth| commit(&memory, nth));
    drop(filled(&path, options(), 20));
    damage(&path);
    let store = SqliteStore::open(&path).unwrap();
    for read in reads() {
        assert_eq!(shown(&store, &read).unwrap(), shown(&memory, &read).unwrap(), "{read:?}");
    }
    std::error::Error::source(&store.verify().unwrap_err()).unwrap().to_string()
}

/// Changes the bytes of the second bundle.
fn spoil(path: &Path, spoil: impl FnOnce(&mut Vec<u8>)) {
    let file = Connection::open(path).unwrap();
    let select = "SELECT events FROM bundles WHERE id = 2";
    let mut bytes: Vec<u8> = file.query_row(select, (), |row| row.get(0)).unwrap();
    spoil(&mut bytes);
    file.execute("UPDATE bundles SET events = ?1 WHERE id = 2", (bytes,)).unwrap();
}

#[test]
fn a_damaged_bundle_is_passed_over_and_verify_says_so() {
    for (damage, says) in [
        (flip_payload as fn(&Path), "than the log"),
        (|path| spoil(path, |bytes| bytes.truncate(bytes.len() - 5)), "cut off"),
        (|path| spoil(path, |bytes| bytes.push(0)), "goes on"),
        (|path| spoil(path, Vec::clear), "cut off"),
        (
            |path| change(path, "UPDATE stream_chunks SET bundle = 3 WHERE bundle = 2"),
            "than the log",
        ),
        (|path| change(path, "DELETE FROM bundles WHERE id = 2"), "is missing"),
        (|path| change(path, "INSERT INTO bundles (events) VALUES (x'')"), "belongs to no part"),
    ] {
        let verified = verified_after(damage);
        assert!(verified.contains(says), "{says}: {verified}");
    }
}

fn flip_payload(path: &Path) {
    spoil(path, |bytes| {
        let payload = bytes.windows(5).position(|bytes| bytes == [2; 5]).unwrap();
        bytes[payload] ^= 1;
    });
}

#[test]
fn a_damaged_event_keeps_nobody_from_appending() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    drop(filled(&path, options().index_every(1).bundles(u64::MAX, 4), 6));
    change(&path, "UPDATE blocks SET body = zeroblob(length(body)) WHERE position = 4");
    // With these, the stream is long, and is to be bundled from its first event on.
    drop(filled(&path, options().index_every(1).bundles(16, 4), 2));
    let store = options().open(&path).unwrap();
    assert_eq!(bundles(&path), 3, "of four parts, those that are whole");
    let error = shown(&store, &Read::stream(stream("long/1"))).unwrap_err();
    assert!(matches!(error, ReadError::Damaged(_)), "{error:?}");
}
