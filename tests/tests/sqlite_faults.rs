//! R11 and R16: what `verify` finds, and several processes. Damaged bytes are tried in `sqlite_damage`,
//! a disk or a process that fails in `tests/crash`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use vitae::store::{EventStore, Metadata, Page, Query, Read, ReadError};
use vitae::{CommitId, EventId};
use vitae_sqlite::{OpenError, SqliteStore};
use vitae_tests::{Draft, name, position, read_all, stream};

/// A closed store whose events use every column.
fn specimen(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    Draft::new().row("v", b"k", None, Some(b"a row of a commit without events")).must(&store);
    for number in 0..10_u8 {
        let mut draft = Draft::new().on("a/1").event("x", b"payload").tag("t");
        draft = draft.on("b/1").event("y", &[number; 30]);
        let event = &mut draft.0.events[1];
        event.correlation = CommitId::from_bytes([number; 16]);
        let (commit, index) = (CommitId::from_bytes([number; 16]), u32::from(number));
        event.causation = Some(EventId { commit, index });
        let map = [("key".to_owned(), "value".to_owned())].into();
        event.metadata = Metadata::new(&map).unwrap();
        draft.0.erasures.extend((number == 9).then(|| position(2)));
        draft.must(&store);
    }
}

#[test]
fn r11_verify_finds_what_no_read_can() {
    for change in [
        "DELETE FROM tags WHERE position = 3",
        "INSERT INTO tags VALUES ('u', 3)",
        "DELETE FROM blocks WHERE position = 19",
        "DELETE FROM commit_chunks",
        "UPDATE commit_chunks SET first = x'00000000000000000000000000000000'",
        "UPDATE commit_chunks SET first = x'00'",
        "UPDATE commit_chunks SET entries = x''",
        "UPDATE commit_chunks SET entries = substr(entries, 1, length(entries) - 24)",
        "UPDATE streams SET length = 11 WHERE id = 1",
        "UPDATE streams SET length = 9, recent = x'' WHERE id = 1",
        "UPDATE streams SET category = 'c' WHERE id = 1",
        "UPDATE kinds SET kind = 'z' WHERE id = 1",
        "UPDATE kinds SET version = 9223372036854775807 WHERE id = 1",
        "UPDATE blocks SET position = 9223372036854775807 WHERE position = 19",
        "UPDATE blocks SET position = -1 WHERE position = 1",
        "UPDATE blocks SET position = 20 WHERE position = 19",
        "UPDATE blocks SET events = 1 WHERE position = 19",
        "UPDATE blocks SET events = 3 WHERE position = 19",
        "UPDATE blocks SET events = 0 WHERE position = 19",
        "UPDATE blocks SET events = 3 WHERE position = 3",
        "UPDATE blocks SET events = 9223372036854775807 WHERE position = 19",
        // Its time.
        "UPDATE blocks SET body = CAST(x'01' || substr(body, 2) AS BLOB) WHERE position = 3",
        "UPDATE blocks SET body = x'' WHERE position = 1",
        "UPDATE blocks SET body = substr(body, 1, length(body) - 1) WHERE position = 1",
        // The streams of its two events, each in the place of the other.
        "UPDATE blocks SET body = CAST(substr(body, 1, 28) || substr(body, 51, 20)
            || substr(body, 49, 2) || substr(body, 29, 20) || substr(body, 71) AS BLOB)
            WHERE position = 3",
        // Snapshots of its state would be kept again.
        "DELETE FROM erased_streams",
        "UPDATE kinds SET schema = 'z' WHERE id = 1",
        "UPDATE kinds SET seal = 0 WHERE id = 1",
        "UPDATE bare_commits SET id = x'00'",
        "UPDATE bare_commits SET id = x'00000000000000000000000000000000'",
        "UPDATE bare_commits SET recorded_at = recorded_at + 1",
        "UPDATE bare_commits SET digest = digest + 1",
        "UPDATE bare_commits SET seal = 0",
        "UPDATE meta SET log_id = x'00000000000000000000000000000000'",
        "UPDATE meta SET created_at = created_at + 1",
        // Whoever writes would take a commit that is there for a new one, or give a version twice.
        "UPDATE meta SET newest_commit = x'00000000000000000000000000000000'",
        "UPDATE meta SET row_version = 0",
        "UPDATE meta SET indexed = 0",
        "UPDATE meta SET indexed = 21",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db");
        specimen(&path);
        Connection::open(&path).unwrap().execute_batch(change).unwrap();
        let store = match SqliteStore::open(&path) {
            Err(OpenError::Damaged { .. }) => continue,
            opened => opened.unwrap(),
        };
        let found = store.verify();
        assert!(matches!(found, Err(ReadError::Damaged(_))), "{change}: {found:?}");
        let mut page = Page::new();
        let tagged = Read::log(Query::tag(name("t")));
        for read in [Read::log(Query::all()), tagged, Read::stream(stream("a/1"))] {
            let _ = (store.read(&read, &mut page), store.read(&read.backwards(), &mut page));
        }
        // What a commit does on a damaged file is open, but it neither panics nor hangs.
        let _ = Draft::new().on("a/1").event("x", b"").tag("t").try_on(&store);
    }
}

/// A store that waits for another process as long as a busy machine needs.
fn patient(path: &Path) -> SqliteStore {
    SqliteStore::options().busy_timeout(Duration::from_secs(60)).open(path).unwrap()
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
    let store = patient(path.as_ref());
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
    let store = patient(&path);
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
    let listed = || {
        let file = format!("{} ", fs::metadata(&path).unwrap().ino());
        let all = fs::read_to_string("/proc/locks").unwrap();
        let own = format!(" {} ", std::process::id());
        let of_file = |line: &&str| line.contains(&own) && line.contains(&format!(":{file}"));
        // A connection that is being opened has a second one for a moment.
        all.lines().any(|line| of_file(&line))
    };
    // While others take locks, the list may leave one out. One that was dropped stays away.
    let locked = || (0..20).any(|_| listed());
    assert!(locked());
    let second = SqliteStore::open(&path).unwrap();
    assert!(locked());
    let third = SqliteStore::open_read_only(&path).unwrap();
    drop(second);
    assert!(locked());
    drop(third);
    assert!(locked());
}
