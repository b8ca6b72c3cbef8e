//! The view `log`: what a person sees in any SQLite shell.

use std::sync::Arc;

use rusqlite::Connection;
use vitae::store::{EventStore, Page, Query, Read};
use vitae::{ManualClock, Timestamp};
use vitae_sqlite::SqliteStore;
use vitae_tests::Draft;

#[test]
fn it_shows_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let store = SqliteStore::open(&path).unwrap();
    let mut draft = Draft::new().on("a/1").event("x", b"123").event("x", b"");
    draft.0.events[1].occurred_at = Timestamp::from_micros(-1);
    draft.must(&store);
    let line = |position: i64| -> String {
        let query = "SELECT position || ' ' || category || ' ' || stream || ' ' || version || ' ' \
            || kind || ' ' || kind_version || ' ' || occurred_at || ' ' || body_bytes || ' ' \
            || ifnull(commit_id, 'the same') FROM log WHERE position = ?1";
        let connection = Connection::open(&path).unwrap();
        connection.query_row(query, [position], |row| row.get(0)).unwrap()
    };
    let id = draft.0.id;
    assert_eq!(line(1), format!("1 a 1 1 x 1 2025-10-09T08:53:20.000000Z 37 {id}"));
    assert_eq!(line(2), format!("2 a 1 2 x 1 1969-12-31T23:59:59.999999Z 10 the same"));
}

/// Of numbers that take one byte in a row, or several; and of events that occurred earlier, and later.
#[test]
fn it_shows_every_number_as_a_reader_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let now = 1_760_000_000_000_000;
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(now)));
    let store = SqliteStore::options().clock(clock).open(&path).unwrap();
    for number in 0..300_i64 {
        let lag = [0, 1, -1, 127, -128, 40_000, -9_000_000, now - 1, 1 - now][number as usize % 9];
        let mut draft = Draft::new()
            .on(&format!("s/{number}"))
            .event(&format!("k{number}"), b"a")
            .on("long/1")
            .event("x", &[7; 100]);
        draft.0.events[0].occurred_at = Timestamp::from_micros(now - lag);
        draft.must(&store);
    }
    let mut seen = Vec::new();
    let mut page = Page::new();
    let mut read = Some(Read::log(Query::all()));
    while let Some(next) = read {
        store.read(&next, &mut page).unwrap();
        seen.extend(page.iter().map(|event| {
            let life = format!("{}/{} {}", event.category(), event.stream(), event.version());
            let times = (event.occurred_at().as_micros(), event.recorded_at().as_micros());
            (event.position().get(), life, event.kind().to_owned(), times)
        }));
        read = page.next_read(&next);
    }
    let micros =
        |time| format!("strftime('%s', substr({time}, 1, 19)) * 1000000 + substr({time}, 21, 6)");
    let select = format!(
        "SELECT position, category || '/' || stream || ' ' || version, kind, {}, {} FROM log",
        micros("occurred_at"),
        micros("recorded_at")
    );
    let file = Connection::open(&path).unwrap();
    let mut select = file.prepare(&select).unwrap();
    let shown = select.query_map((), |row| {
        let times = (row.get(3)?, row.get(4)?);
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?, row.get(2)?, times))
    });
    let shown: Vec<(u64, String, String, (i64, i64))> =
        shown.unwrap().map(Result::unwrap).collect();
    assert_eq!((shown.len(), &shown), (600, &seen));
}
