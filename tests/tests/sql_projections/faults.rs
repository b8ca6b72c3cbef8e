//! What becomes of a projection when the file does not take what it writes.

use std::sync::Arc;

use vitae::PartError;
use vitae::store::{AppendError, EventStore, ReadError};
use vitae_sqlite::rusqlite::params;
use vitae_sqlite::{SqliteStore, TableProjection};

use crate::support::*;

#[test]
fn without_room_nothing_is_written_and_with_room_it_goes_on() {
    let file = File::new();
    let wide = || {
        let rows = vitae_sqlite::TableProjection::new("wide", 1);
        let rows = rows.table("rows", "CREATE TABLE {rows} (a)").batch(1);
        rows.on(|event: &Bought, _, sql| {
            let text = "x".repeat(usize::try_from(event.cents).unwrap());
            sql.execute("INSERT INTO {rows} VALUES (?1)", params![text])
        })
    };
    let bus = file.bus(wide());
    buy(&bus, "ada", 10);
    bus.catch_up().unwrap();
    buy(&bus, "ada", 500_000);
    drop(bus);
    let file = file.reopen_with(SqliteStore::options().max_pages(100));
    let bus = file.bus(wide());
    let error = bus.catch_up().unwrap_err().source;
    let full = matches!(&*error, PartError::Append { source: AppendError::StorageFull, .. });
    assert!(full, "{error:?}");
    assert_eq!(ask(&file, "SELECT count(*) FROM wide_rows"), "1");
    // There is room for this.
    buy(&bus, "ada", 10);
    drop(bus);
    let file = file.reopen_with(SqliteStore::options());
    file.bus(wide()).catch_up().unwrap();
    assert_eq!(ask(&file, "SELECT length(a) FROM wide_rows"), "10 | 500000 | 10");
}

#[test]
fn a_format_that_became_newer_is_told_of() {
    let file = File::new();
    let bus = file.bus(spent(1));
    buy(&bus, "ada", 1);
    bus.catch_up().unwrap();
    buy(&bus, "ada", 1);
    file.shell().pragma_update(None, "user_version", 99).unwrap();
    let error = bus.catch_up().unwrap_err().source;
    let changed = matches!(&*error, PartError::Read(ReadError::FormatChanged { found: 99, .. }));
    assert!(changed, "{error:?}");
    assert_eq!(totals(&file), "ada 1 1");
}

#[test]
fn a_format_that_becomes_newer_while_it_works_closes_the_store() {
    let file = File::new();
    let other = file.shell();
    let in_between = std::sync::Mutex::new(Some(move || {
        other.pragma_update(None, "user_version", 99).unwrap();
    }));
    let projection = TableProjection::new("spent", 1)
        .table("spent_rows", "CREATE TABLE {spent_rows} (cents)")
        .on(move |event: &Bought, _, sql| {
            // The events are read, and nothing is written yet.
            if let Some(migrate) = in_between.lock().unwrap().take() {
                migrate();
            }
            sql.execute("INSERT INTO {spent_rows} VALUES (?1)", params![event.cents])
        });
    let bus = file.bus(projection);
    buy(&bus, "ada", 1);
    let error = bus.catch_up().unwrap_err().source;
    let changed =
        |error: &AppendError| matches!(error, AppendError::FormatChanged { found: 99, .. });
    assert!(matches!(&*error, PartError::Append { source, .. } if changed(source)), "{error:?}");
    file.shell().pragma_update(None, "user_version", 2).unwrap();
    // Closed is closed, whoever found it out.
    let known = bus.load::<Customer>("ada").unwrap();
    let bought = known.record(Bought { thing: "bread".into(), cents: 1 }).unwrap();
    let error = bus.commit(bought).unwrap_err();
    assert!(matches!(error.reason(), vitae::CommitReason::Append(source) if changed(source)));
}

#[test]
fn a_writer_elsewhere_is_waited_for_and_then_told_of() {
    let file = File::new();
    let options = SqliteStore::options().busy_timeout(std::time::Duration::ZERO);
    let file = file.reopen_with(options);
    let bus = file.bus(spent(1));
    buy(&bus, "ada", 1);
    bus.catch_up().unwrap();
    buy(&bus, "ada", 1);
    let shell = file.shell();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = bus.catch_up().unwrap_err().source;
    let busy = matches!(&*error, PartError::Append { source: AppendError::Busy, .. });
    assert!(busy, "{error:?}");
    shell.execute_batch("ROLLBACK").unwrap();
    bus.catch_up().unwrap();
    assert_eq!(totals(&file), "ada 2 2");
}

#[test]
fn damage_in_a_table_is_found_and_says_where() {
    let file = File::new();
    let bus = file.bus(spent(1));
    buy(&bus, "ada", 1);
    bus.catch_up().unwrap();
    let path = file.path();
    drop(bus);
    let folder = file.closed();
    let page: i64 = {
        let shell = vitae_sqlite::rusqlite::Connection::open(&path).unwrap();
        let page = "SELECT rootpage FROM sqlite_schema WHERE name = 'sql:spent:0:by_cents'";
        shell.query_row(page, (), |row| row.get(0)).unwrap()
    };
    let size = {
        let shell = vitae_sqlite::rusqlite::Connection::open(&path).unwrap();
        shell.query_row("PRAGMA page_size", (), |row| row.get::<_, i64>(0)).unwrap()
    };
    let mut bytes = std::fs::read(&path).unwrap();
    let end = usize::try_from(page * size).unwrap();
    // The last bytes of the only entry of the index.
    let entry = bytes[..end].iter().rposition(|byte| *byte == b'a').unwrap();
    bytes[entry] = b'b';
    std::fs::write(&path, bytes).unwrap();
    let store = Arc::new(SqliteStore::open(&path).unwrap());
    let error = store.verify().unwrap_err();
    assert!(format!("{error:?}").contains("sql:spent:0:"), "{error:?}");
    // The log goes on, and what is computed anew is right.
    let bus = self::bus(&store, spent(1));
    buy(&bus, "ada", 1);
    let error = bus.catch_up().unwrap_err().source;
    let damaged = matches!(&*error, PartError::Append { source: AppendError::Damaged(_), .. });
    assert!(damaged, "{error:?}");
    drop(bus);
    self::bus(&store, spent(2)).catch_up().unwrap();
    store.verify().unwrap();
    drop(folder);
}
