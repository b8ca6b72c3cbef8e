//! A projection into tables whose statement finds no memory. In a program of its own, for the bound is of
//! all connections in a process.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vitae::store::EventStore;
use vitae::{Bus, Event, Lifecycle, PartError};
use vitae_sqlite::rusqlite::{Connection, ErrorCode, params};
use vitae_sqlite::{SqliteStore, StatementError, TableProjection};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "paper.ordered")]
struct Ordered {
    bytes: i64,
}

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "paper")]
enum Paper {
    #[state(initial)]
    #[on(Ordered => Stock)]
    Stock,
}

impl PaperTransitions for Paper {}

#[test]
fn a_statement_without_memory_harms_its_projection_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let store = Arc::new(SqliteStore::open(&path).unwrap());
    let sheets = TableProjection::new("paper", 1).table("sheets", "CREATE TABLE {sheets} (text)");
    let sheets = sheets.on(|event: &Ordered, _, sql| {
        sql.execute("INSERT INTO {sheets} VALUES (printf('%*d', ?1, 1))", params![event.bytes])
    });
    let sheets = sheets.open(&store).unwrap();
    let bus = Bus::builder(store.clone()).projection_in_tables(sheets).open().unwrap();
    let order = |bytes| {
        let ordered = bus.load::<Paper>("a").unwrap().record(Ordered { bytes }).unwrap();
        bus.commit(ordered).unwrap();
    };
    order(10);
    order(12_000_000);
    order(20);
    let shell = Connection::open(&path).unwrap();
    // It can be lowered, and not be raised again.
    shell.pragma_update_and_check(None, "hard_heap_limit", 8_000_000, |_| Ok(())).unwrap();
    let error = bus.catch_up().unwrap_err().source;
    let PartError::Handler { position, source, .. } = &*error else { panic!("{error:?}") };
    let Some(StatementError::Failed { source, .. }) = source.downcast_ref() else {
        panic!("{source:?}");
    };
    assert_eq!((position.get(), source.sqlite_error_code()), (2, Some(ErrorCode::OutOfMemory)));
    // Callers go on, and what came before the event stays.
    order(30);
    let lengths = "SELECT group_concat(length(text)) FROM paper_sheets";
    let lengths: String = shell.query_row(lengths, (), |row| row.get(0)).unwrap();
    assert_eq!(lengths, "10");
    assert_eq!(store.verify().unwrap(), 4);
}
