//! A projection that follows the log: rows and checkpoint in one transaction.

use std::collections::HashMap;

use rusqlite::{Connection, Row as SqlRow};
use store_jobs::{Deposit, Failure, Grouping, Row, Rows};

/// How the log is read.
pub trait Log {
    /// The select, with the position after which events are wanted as its only parameter.
    const SELECT: &'static str;

    /// Reads everything of a row, and hands on each event's position, its stream's name and its payload.
    fn read(
        &self,
        row: &SqlRow<'_>,
        each: impl FnMut(i64, &str, Deposit<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure>;
}

pub fn catch_up<L: Log>(
    connection: &Connection,
    log: &L,
    view: &str,
    by: Grouping,
    in_commit: usize,
) -> Result<(), Failure> {
    connection.execute_batch(&format!(
        "CREATE TABLE {view} (key INTEGER PRIMARY KEY, events INTEGER, cents INTEGER) STRICT"
    ))?;
    let mut begin = connection.prepare("BEGIN IMMEDIATE")?;
    let mut commit = connection.prepare("COMMIT")?;
    let mut put = connection.prepare(&format!(
        "INSERT INTO {view} VALUES (?1, ?2, ?3) ON CONFLICT (key)
         DO UPDATE SET events = events + excluded.events, cents = cents + excluded.cents"
    ))?;
    let mut checkpoint = connection.prepare(
        "INSERT INTO checkpoints VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET position = excluded.position",
    )?;
    let mut select = connection.prepare(L::SELECT)?;
    let mut new = HashMap::<u32, Row>::new();
    let mut from = 0;
    loop {
        let (mut rows, mut events) = (select.query([from])?, 0);
        while events < in_commit
            && let Some(row) = rows.next()?
        {
            log.read(row, |position, stream, deposit| {
                let stream = match by {
                    Grouping::Region => 0,
                    Grouping::Stream => number(stream)?,
                };
                new.entry(by.key(stream, deposit.region)).or_default().add(deposit.cents);
                (from, events) = (position, events + 1);
                Ok(())
            })?;
        }
        drop(rows);
        if events == 0 {
            return Ok(());
        }
        begin.execute(())?;
        for (key, row) in new.drain() {
            put.execute((key, row.events.cast_signed(), row.cents.cast_signed()))?;
        }
        checkpoint.execute((view, from))?;
        commit.execute(())?;
    }
}

fn number(stream: &str) -> Result<u32, Failure> {
    Ok(stream.rsplit('-').next().unwrap_or(stream).parse()?)
}

pub fn view(connection: &Connection, view: &str) -> Result<Rows, Failure> {
    let mut select = connection.prepare(&format!("SELECT key, events, cents FROM {view}"))?;
    let rows = select.query_map((), |row| {
        let [events, cents] = [row.get::<_, i64>(1)?, row.get(2)?].map(i64::cast_unsigned);
        Ok((row.get(0)?, Row { events, cents }))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
