//! Tables much larger than the memory that there is, held against the log. In a program of its own, for the
//! bound is of all connections in a process.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vitae::{Bus, Event, Lifecycle};
use vitae_sqlite::rusqlite::{Connection, params};
use vitae_sqlite::{SqliteStore, TableProjection};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "paper.ordered")]
struct Ordered {
    sheets: i64,
}

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "paper")]
enum Paper {
    #[state(initial)]
    #[on(Ordered => Stock)]
    Stock,
}

impl PaperTransitions for Paper {}

/// Half a kilobyte for each.
const SHEETS: &str = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT ?1)
    INSERT INTO {sheets} SELECT printf('%0500d', i * 7919 % ?1) FROM n";

#[test]
fn tables_are_compared_in_little_memory_whatever_their_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let store = Arc::new(SqliteStore::open(&path).unwrap());
    // Without a key, so that all of it has to be sorted.
    let paper = TableProjection::new("paper", 1).table("sheets", "CREATE TABLE {sheets} (text)");
    let paper =
        paper.batch(1).on(|event: &Ordered, _, sql| sql.execute(SHEETS, params![event.sheets]));
    let paper = paper.open(&store).unwrap();
    let bus = Bus::builder(store).projection_in_tables(paper).open().unwrap();
    for _ in 0..5 {
        let ordered = bus.load::<Paper>("a").unwrap().record(Ordered { sheets: 10_000 });
        bus.commit(ordered.unwrap()).unwrap();
    }
    bus.catch_up().unwrap();
    let shell = Connection::open(&path).unwrap();
    shell.execute("DELETE FROM \"sql:paper:0:sheets\" WHERE rowid = 40000", ()).unwrap();
    // For 25 megabytes, twice.
    shell.pragma_update_and_check(None, "hard_heap_limit", 14_000_000, |_| Ok(())).unwrap();
    let drift = bus.drift("paper").unwrap();
    assert_eq!((drift.rows, drift.differing.len()), (50_000, 1));
}
