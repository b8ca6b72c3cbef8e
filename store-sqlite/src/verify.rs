//! The walk over everything.
//!
//! Owns what must be true of a whole file. Looks at the events first, so that damage has a
//! position where it can have one. Never repairs.

use std::collections::HashMap;

use rusqlite::Connection;
use vitae::store::{Direction, Page};

use crate::error::Fault;
use crate::lookup::{self, damage, optional, unsigned};
use crate::read::{Walk, log_statement, walk_log};
use crate::sql;

/// Checks the whole file and returns the number of events.
pub(crate) fn verify(connection: &Connection) -> Result<u64, Fault> {
    let head = lookup::head(connection)?;
    let (versions, tags) = walk_events(connection, head)?;
    check_streams(connection, versions)?;
    check_commits(connection)?;
    let stored: u64 =
        connection.prepare_cached(sql::COUNT_TAGS)?.query_row((), |row| Ok(unsigned(row, 0)))??;
    if stored != tags {
        return Err(damage("the table of tags holds tags that no event has"));
    }
    check_structure(connection)?;
    Ok(head)
}

/// Checks every event. Returns the version of every stream's last one, and the number of tags.
fn walk_events(connection: &Connection, head: u64) -> Result<(HashMap<i64, u64>, u64), Fault> {
    let mut versions = HashMap::new();
    let mut tags = 0;
    let mut page = Page::new();
    let Some(walk) = Walk::new(Direction::Forwards, None, head)? else {
        return Ok((versions, tags));
    };
    let mut has_tag = connection.prepare_cached(sql::HAS_TAG)?;
    let mut statement = log_statement(connection, Direction::Forwards)?;
    walk_log(&mut statement, (walk.next,), walk, |event| {
        page.clear();
        event.push_to(&mut page)?;
        let version: &mut u64 = versions.entry(event.stream).or_default();
        *version = version.saturating_add(1);
        if *version != event.version() {
            return Err(event.damaged("a version of its stream is missing before it"));
        }
        for tag in page.iter().flat_map(|event| event.tags()) {
            tags += 1;
            if !has_tag.exists((tag, event.position().cast_signed()))? {
                return Err(event.damaged("the table of tags does not lead to the event"));
            }
        }
        Ok(true)
    })?;
    Ok((versions, tags))
}

/// Every stream must be as long as its events say.
fn check_streams(connection: &Connection, mut versions: HashMap<i64, u64>) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(sql::STREAM_VERSIONS)?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let stream: i64 = row.get(0)?;
        if versions.remove(&stream) != Some(unsigned(row, 1)?) {
            return Err(damage("a stream's version is not that of its last event"));
        }
    }
    Ok(())
}

/// Commits must be numbered without gaps, and each must begin where the one before ended.
fn check_commits(connection: &Connection) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(sql::COMMITS)?;
    let mut rows = statement.query(())?;
    let (mut number, mut head) = (0_u64, 0_u64);
    while let Some(row) = rows.next()? {
        number = number.saturating_add(1);
        if unsigned(row, 0)? != number {
            return Err(damage("a commit is missing"));
        }
        let next = unsigned(row, 2)?;
        let fits = match optional::<i64>(row, 1)? {
            Some(_) => unsigned(row, 1)? == head.saturating_add(1) && next > head,
            None => next == head,
        };
        if !fits {
            return Err(damage("a commit does not begin where the one before ended"));
        }
        head = next;
    }
    Ok(())
}

/// What SQLite itself knows to check, indexes against their tables too.
fn check_structure(connection: &Connection) -> Result<(), Fault> {
    let found: String =
        connection.prepare_cached("PRAGMA integrity_check(1)")?.query_row((), |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    Err(damage(&found))
}
