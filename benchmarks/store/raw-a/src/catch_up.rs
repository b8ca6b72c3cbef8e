//! A projection that follows the log: rows and checkpoint in one transaction.

use std::collections::HashMap;

use rusqlite::Connection;
use store_jobs::{Failure, Grouping, Row, Rows};

use crate::read::{Names, deposit, look_at};

pub fn catch_up(
    connection: &Connection,
    view: &str,
    by: Grouping,
    in_commit: usize,
) -> Result<(), Failure> {
    connection.execute_batch(&format!(
        "CREATE TABLE {view} (key INTEGER PRIMARY KEY, events INTEGER, cents INTEGER) STRICT"
    ))?;
    let names = Names::read(connection)?;
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
    let mut select = connection.prepare(&format!("{} LIMIT ?2", include_str!("log.sql")))?;
    let mut new = HashMap::<u32, Row>::new();
    let mut from = 0;
    loop {
        let before = from;
        let mut rows = select.query((from, in_commit.cast_signed() as i64))?;
        while let Some(row) = rows.next()? {
            let (stream, _) = names.of(row)?;
            look_at(row)?;
            let deposit = deposit(row)?;
            let stream = match by {
                Grouping::Region => 0,
                Grouping::Stream => number(stream)?,
            };
            new.entry(by.key(stream, deposit.region)).or_default().add(deposit.cents);
            from = row.get_ref(0)?.as_i64()?;
        }
        drop(rows);
        if from == before {
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
