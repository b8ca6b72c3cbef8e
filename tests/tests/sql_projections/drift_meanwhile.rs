//! Tables held against what the log comes to, while others go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use vitae::{Bus, RebuildError};
use vitae_sqlite::rusqlite::params;
use vitae_sqlite::{SqliteStore, TableProjection};

use crate::support::*;

/// The same tables as [`spent`] fills, on a bus that does something before it handles an event.
fn meanwhile(store: &Arc<SqliteStore>, before: impl Fn(i64) + Send + Sync + 'static) -> Bus {
    bus(store, spent_after(1, move |event| before(event.cents)))
}

fn caught_up(file: &File, events: i64) -> Bus {
    let bus = file.bus(spent(1));
    (1..=events).for_each(|cents| buy(&bus, "ada", cents));
    bus.catch_up().unwrap();
    bus
}

#[test]
fn events_that_come_meanwhile_wait_for_nothing_and_differ_from_nothing() {
    let file = File::new();
    let live = caught_up(&file, 5);
    let goes_on = live.clone();
    // The one while most is computed anew, the other while the moment of the live tables is held.
    let checked = meanwhile(&file.another(), move |cents| {
        if let 5 | 6 = cents {
            buy(&goes_on, "ada", cents + 1);
            goes_on.catch_up().unwrap();
        }
    });
    let drift = checked.drift("spent").unwrap();
    assert_eq!((drift.rows, drift.differing), (1, vec![]));
    assert_eq!(totals(&file), "ada 28 7");
}

#[test]
fn a_shadow_that_is_being_built_is_left_alone() {
    let file = File::new();
    let live = caught_up(&file, 4);
    let halts = Arc::new(AtomicBool::new(true));
    let halted = Arc::clone(&halts);
    let building = meanwhile(&file.store, move |cents| {
        assert!(cents < 3 || !halted.load(Ordering::Relaxed), "not yet");
    });
    building.shadow("spent").unwrap().begin().unwrap();
    building.catch_up().unwrap_err();
    let before = everything(&file);
    assert_eq!(live.drift("spent").unwrap().differing, vec![]);
    assert_eq!(everything(&file), before);
    halts.store(false, Ordering::Relaxed);
    building.catch_up().unwrap();
    assert_eq!(totals(&file), "ada 10 4");
    assert_eq!(live.drift("spent").unwrap().differing, vec![]);
}

#[test]
fn tables_that_become_the_live_ones_meanwhile_are_the_ones_that_are_compared() {
    let file = File::new();
    let live = caught_up(&file, 3);
    file.shell().execute("UPDATE \"sql:spent:0:totals\" SET cents = 99", ()).unwrap();
    let (switches, once) = (live.clone(), AtomicBool::new(true));
    let checked = meanwhile(&file.store, move |_| {
        if once.swap(false, Ordering::Relaxed) {
            switches.shadow("spent").unwrap().begin().unwrap();
            switches.catch_up().unwrap();
        }
    });
    let drift = checked.drift("spent").unwrap();
    assert_eq!((drift.rows, drift.differing), (1, vec![]));
}

#[test]
fn tables_that_become_others_again_and_again_are_given_up() {
    let file = File::new();
    let live = caught_up(&file, 1);
    let checked = meanwhile(&file.store, move |_| {
        live.shadow("spent").unwrap().begin().unwrap();
        live.catch_up().unwrap();
    });
    let error = checked.drift("spent").unwrap_err();
    assert!(matches!(error, RebuildError::Contended { .. }), "{error:?}");
}

/// Large rows, so that they fill some pages.
fn rows() -> TableProjection {
    let rows = TableProjection::new("mine", 1);
    let rows = rows.table("rows", "CREATE TABLE {rows} (a TEXT PRIMARY KEY, b)");
    rows.on(|event: &Bought, _, sql| {
        let text = format!("{:0>900}", event.cents);
        sql.execute("INSERT INTO {rows} VALUES (?1, ?1)", params![text])
    })
}

#[test]
fn a_damaged_declaration_is_no_panic() {
    let file = File::new();
    let bus = file.bus(rows());
    buy(&bus, "ada", 1);
    bus.catch_up().unwrap();
    drop(bus);
    let path = file.path();
    let _folder = file.closed();
    let mut bytes = std::fs::read(&path).unwrap();
    let declared = b"\"sql:mine:0:rows\" (a TEXT PRIMARY KEY, b)";
    let at = bytes.windows(declared.len()).position(|bytes| bytes == declared).unwrap();
    let mut noticed = 0;
    for at in at..at + declared.len() {
        bytes[at] ^= 0x80;
        std::fs::write(&path, &bytes).unwrap();
        if let Ok(store) = SqliteStore::open(&path) {
            let drift = self::bus(&Arc::new(store), rows()).drift("mine");
            noticed += usize::from(drift.is_err());
        }
        bytes[at] ^= 0x80;
    }
    assert!(noticed > 0);
}

#[test]
fn damaged_tables_are_an_error_and_no_panic() {
    let file = File::new();
    let bus = file.bus(rows());
    (1..=20).for_each(|cents| buy(&bus, "ada", cents));
    bus.catch_up().unwrap();
    drop(bus);
    let path = file.path();
    let pages: Vec<u16> = {
        let shell = file.shell();
        let pages = "SELECT pageno FROM dbstat WHERE name LIKE '%sql:mine:0:rows%'";
        let mut pages = shell.prepare(pages).unwrap();
        pages.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let size: u16 = file.shell().pragma_query_value(None, "page_size", |row| row.get(0)).unwrap();
    let _folder = file.closed();
    let whole = std::fs::read(&path).unwrap();
    let (mut tried, mut noticed) = (0, 0);
    for (page, at) in pages.iter().flat_map(|page| (0..size).step_by(811).map(move |at| (page, at)))
    {
        let mut bytes = whole.clone();
        bytes[usize::from(page - 1) * usize::from(size) + usize::from(at)] ^= 0x55;
        std::fs::write(&path, bytes).unwrap();
        let store = Arc::new(SqliteStore::open(&path).unwrap());
        let drift = self::bus(&store, rows()).drift("mine");
        tried += 1;
        noticed += usize::from(drift.is_err() || drift.is_ok_and(|it| !it.differing.is_empty()));
    }
    assert!(noticed > tried / 2, "{noticed} of {tried}");
}
