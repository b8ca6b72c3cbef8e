//! R11, R16 and R19: damage, and several processes. Where the disk or the process fails:
//! `tests/crash`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rusqlite::Connection;
use vitae::store::{EventStore, Metadata, Page, Query, Read, ReadError};
use vitae::{CommitId, EventId};
use vitae_sqlite::SqliteStore;
use vitae_tests::{Draft, Seen, name, read_all, stream};

/// Every way to read, and what it shows.
fn observe(store: &SqliteStore) -> Vec<Result<Vec<(Seen, Details)>, ReadError>> {
    let mut reads = vec![
        Read::log(Query::all()),
        Read::log(Query::kinds([name("x")])),
        Read::log(Query::category(name("b"))),
        Read::log(Query::tag(name("t"))),
        Read::stream(stream("a/1")),
        Read::stream(stream("b/1")),
    ];
    reads.extend(reads.clone().into_iter().map(Read::backwards));
    let mut page = Page::new();
    let mut answer = |read: &Read| {
        store.read(read, &mut page)?;
        Ok(page.iter().map(|event| (Seen::from(event), details(event))).collect())
    };
    reads.iter().map(&mut answer).collect()
}

type Details = (EventId, CommitId, Option<EventId>, [i64; 2], Vec<(String, String)>);

fn details(event: vitae::store::EventRef<'_>) -> Details {
    (
        event.id(),
        event.correlation(),
        event.causation(),
        [event.occurred_at().as_micros(), event.recorded_at().as_micros()],
        event.metadata().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
    )
}

/// A closed store whose events use every column, and the offsets of the pages of some tables.
fn specimen(path: &Path, tables: &[&str]) -> Vec<usize> {
    let store = SqliteStore::open(path).unwrap();
    for number in 0..10_u8 {
        let mut draft = Draft::new().on("a/1").event("x", b"payload").tag("t");
        draft = draft.on("b/1").event("y", &[number; 30]);
        let event = &mut draft.0.events[1];
        event.correlation = CommitId::from_bytes([number; 16]);
        let (commit, index) = (CommitId::from_bytes([number; 16]), u32::from(number));
        event.causation = Some(EventId { commit, index });
        let map = [("key".to_owned(), "value".to_owned())].into();
        event.metadata = Metadata::new(&map).unwrap();
        draft.must(&store);
    }
    drop(store);
    let connection = Connection::open(path).unwrap();
    let mut offsets = Vec::new();
    for table in tables {
        let mut statement =
            connection.prepare("SELECT pgoffset, pgsize FROM dbstat WHERE name = ?1").unwrap();
        let mut rows = statement.query([table]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let (offset, size): (usize, usize) = (
                usize::try_from(row.get::<_, i64>(0).unwrap()).unwrap(),
                usize::try_from(row.get::<_, i64>(1).unwrap()).unwrap(),
            );
            offsets.extend(offset..offset + size);
        }
    }
    offsets
}

/// Flips one bit of each of these bytes in turn. No read may show what was not written.
fn flip(tables: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let offsets = specimen(&path, tables);
    let bytes = fs::read(&path).unwrap();
    let store = SqliteStore::open_read_only(&path).unwrap();
    let written: Vec<_> = observe(&store).into_iter().map(Result::unwrap).collect();
    drop(store);
    let (mut reported, mut placed, mut trials) = (0, 0, 0);
    for offset in offsets {
        let mut damaged = bytes.clone();
        damaged[offset] ^= 1 << (offset % 8);
        if bytes[offset] == 0 && damaged[offset - 1] == 0 && offset % 16 != 0 {
            continue; // Most of the free space.
        }
        trials += 1;
        fs::write(&path, &damaged).unwrap();
        let Ok(store) = SqliteStore::open_read_only(&path) else {
            reported += 1;
            continue;
        };
        let verified = store.verify();
        if let Err(ReadError::Damaged(damage)) = &verified {
            reported += 1;
            placed += usize::from(damage.position.is_some());
        }
        for (seen, written) in observe(&store).into_iter().zip(&written) {
            match seen {
                Ok(seen) if seen == *written => {}
                Ok(_) => panic!("byte {offset}: a read shows what was not written"),
                Err(_) => assert!(verified.is_err(), "byte {offset}: verify saw nothing"),
            }
        }
    }
    assert!(reported * 16 > trials, "{reported} of {trials} reported");
    assert!(placed > 0, "none of {trials} with a position");
}

#[test]
fn r11_a_flipped_bit_in_the_events_is_never_shown() {
    flip(&["events"]);
}

#[test]
fn r11_a_flipped_bit_in_what_events_refer_to_is_never_shown() {
    flip(&["kinds", "streams"]);
}

#[test]
fn r19_a_flipped_bit_anywhere_panics_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    specimen(&path, &[]);
    let bytes = fs::read(&path).unwrap();
    // The header byte by byte, then a sample of everything.
    for offset in (0..100).chain((100..bytes.len()).step_by(199)) {
        let mut damaged = bytes.clone();
        damaged[offset] ^= 1 << (offset % 8);
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(folder.path().join(format!("events.db{suffix}")));
        }
        fs::write(&path, &damaged).unwrap();
        let Ok(store) = SqliteStore::open(&path) else {
            continue;
        };
        let _ = Draft::new().on("a/1").event("x", b"").tag("t").try_on(&store);
        observe(&store);
        let _ = (store.verify(), store.schemas(), store.checkpoint(&name("c")));
        let _ = (store.streams(&name("a"), None, 9), store.rows(&name("v"), b"", None, 9));
    }
}

#[test]
fn r11_verify_finds_what_no_read_can() {
    for change in [
        "DELETE FROM tags WHERE position = 3",
        "INSERT INTO tags VALUES ('u', 3)",
        "DELETE FROM events WHERE position = 20",
        "DELETE FROM commits WHERE position = 19",
        "UPDATE commits SET prefix = prefix + 1 WHERE position = 19",
        "UPDATE commits SET position = 18 WHERE position = 19",
        "UPDATE commits SET position = -1 WHERE position = 19",
        "UPDATE streams SET length = 11 WHERE id = 1",
        "UPDATE streams SET length = 9, recent = x'' WHERE id = 1",
        "UPDATE streams SET category = 'c' WHERE id = 1",
        "UPDATE kinds SET kind = 'z' WHERE id = 1",
        "UPDATE kinds SET version = 9223372036854775807 WHERE id = 1",
        "UPDATE events SET version = 11 WHERE position = 19",
        "UPDATE events SET position = 9223372036854775807 WHERE position = 20",
        "UPDATE events SET position = -1 WHERE position = 1",
        "UPDATE events SET body = x'' WHERE position = 2",
        "UPDATE events SET stream = 99 WHERE position = 2",
        "UPDATE meta SET indexed = 0",
        "UPDATE meta SET indexed = 21",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db");
        specimen(&path, &[]);
        Connection::open(&path).unwrap().execute_batch(change).unwrap();
        let store = SqliteStore::open(&path).unwrap();
        let found = store.verify();
        assert!(matches!(found, Err(ReadError::Damaged(_))), "{change}: {found:?}");
        observe(&store);
        // What a commit does on a damaged file is open, but it neither panics nor hangs.
        let _ = Draft::new().on("a/1").event("x", b"").tag("t").try_on(&store);
    }
}

/// This program again, as a child that appends to a file.
fn child(path: &Path, commits: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "as_a_child"])
        .env("VITAE_TEST_FILE", path)
        .env("VITAE_TEST_COMMITS", commits.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The positions that a child has printed, until it ends or there are so many.
fn acknowledged(
    lines: &mut impl Iterator<Item = std::io::Result<String>>,
    most: usize,
) -> Vec<u64> {
    lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("position ").map(str::to_owned))
        // A line that was cut off by the kill acknowledges nothing.
        .filter_map(|line| line.strip_suffix('.')?.parse().ok())
        .take(most)
        .collect()
}

#[test]
#[ignore = "not a test: what the children of the others do"]
fn as_a_child() {
    let Ok(path) = std::env::var("VITAE_TEST_FILE") else {
        return;
    };
    let commits: usize = std::env::var("VITAE_TEST_COMMITS").unwrap().parse().unwrap();
    let store = SqliteStore::open(path).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..commits {
                    let own = format!("own/{}-{writer}", std::process::id());
                    let draft = Draft::new()
                        .on(&own)
                        .event("x", &number.to_be_bytes())
                        .on("shared/1")
                        .event("x", &[7; 300])
                        .tag("t");
                    let last = draft.must(store).positions.unwrap().1;
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "\nposition {last}.").unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

#[test]
fn r16_two_processes_write_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let store = SqliteStore::open(&path).unwrap();
    let mut child = child(&path, 50);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut mine = Vec::new();
    for _ in 0..50 {
        let receipt = Draft::new().on("shared/1").event("x", b"mine").must(&store);
        mine.push(receipt.positions.unwrap().1.get());
        let first = acknowledged(&mut lines, 1);
        // What the other process has acknowledged, this one sees.
        assert!(first.iter().all(|position| store.head().unwrap().unwrap().get() >= *position));
    }
    acknowledged(&mut lines, usize::MAX);
    assert!(child.wait().unwrap().success());
    let seen = read_all(&store);
    assert_eq!(seen.len(), 250);
    let found = seen.iter().filter(|seen| seen.payload == b"mine").map(|seen| seen.position);
    assert!(found.eq(mine));
    assert_eq!(store.verify().unwrap(), 250);
}

/// Closing any descriptor of a file drops every lock that the process has on it.
#[test]
#[cfg(target_os = "linux")]
fn r16_looking_at_a_file_leaves_its_locks() {
    use std::os::unix::fs::MetadataExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let store = SqliteStore::open(&path).unwrap();
    Draft::new().on("a/1").event("x", b"").must(&store);
    let locks = || {
        let file = format!("{} ", fs::metadata(&path).unwrap().ino());
        let all = fs::read_to_string("/proc/locks").unwrap();
        let own = format!(" {} ", std::process::id());
        let of_file = |line: &&str| line.contains(&own) && line.contains(&format!(":{file}"));
        all.lines().filter(of_file).count()
    };
    assert_eq!(locks(), 1);
    let second = SqliteStore::open(&path).unwrap();
    assert_eq!(locks(), 1);
    let third = SqliteStore::open_read_only(&path).unwrap();
    drop(second);
    assert_eq!(locks(), 1);
    drop(third);
    assert_eq!(locks(), 1);
}
