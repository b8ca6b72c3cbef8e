//! A projection into an SQL table: its rows and the checkpoint in one transaction.

use std::sync::Arc;

use store_jobs::{Failure, Grouping, Row, Rows};
use vitae::Bus;
use vitae_sqlite::rusqlite::params;
use vitae_sqlite::{SqliteStore, TableProjection};

use crate::account::Deposited;
use crate::catch_up::number;

/// A bus on which a projection into a table follows the log.
pub fn following(
    store: &Arc<SqliteStore>,
    view: &str,
    by: Grouping,
    in_commit: usize,
) -> Result<Bus, Failure> {
    let projection = TableProjection::new(view, 1)
        .table(
            "rows",
            "CREATE TABLE {rows} (key INTEGER PRIMARY KEY, events INTEGER, cents INTEGER) STRICT",
        )
        .batch(in_commit)
        .on(move |event: &Deposited, account, sql| {
            let stream = match by {
                Grouping::Region => 0,
                Grouping::Stream => number(account.stream().id().as_str())?,
            };
            sql.execute(
                "INSERT INTO {rows} VALUES (?1, 1, ?2) ON CONFLICT (key)
                 DO UPDATE SET events = events + 1, cents = cents + excluded.cents",
                params![by.key(stream, event.region), event.cents],
            )
        });
    Ok(Bus::builder(store.clone()).projection_in_tables(projection.open(store)?).open()?)
}

pub fn rows(store: &SqliteStore, view: &str) -> Result<Rows, Failure> {
    let reader = store.sql_reader()?;
    let mut select = reader.prepare(&format!("SELECT key, events, cents FROM {view}_rows"))?;
    let rows = select.query_map((), |row| {
        let [events, cents] = [row.get::<_, i64>(1)?, row.get(2)?].map(i64::cast_unsigned);
        Ok((row.get(0)?, Row { events, cents }))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
