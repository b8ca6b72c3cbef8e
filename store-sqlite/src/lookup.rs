//! Single questions to the file, none of them about events.
//!
//! Owns the checks of what these answers hold. Never begins or ends a transaction.

use std::sync::Arc;

use rusqlite::types::FromSql;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row};
use vitae::store::{Checkpoint, Checksum, Damage, Digest, Receipt, RegisteredSchema, ViewRow};
use vitae::{CommitId, GlobalPosition, KindVersion, LogId, Name, RowVersion, StreamId, Timestamp};

use crate::error::Fault;
use crate::{seal, sql};

pub(crate) fn log_id(connection: &Connection) -> Result<LogId, Fault> {
    let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let found: Option<([u8; 16], i64, i64)> =
        connection.query_row(sql::LOG_ID, (), columns).optional()?;
    let (log_id, created_at, sealed) = found.ok_or_else(|| damage("the log has no identity"))?;
    if seal::identity(&log_id, created_at) != sealed {
        return Err(damage("the identity of the log does not fit its seal"));
    }
    Ok(LogId::from_bytes(log_id))
}

/// What the file says of itself to whoever writes to it: `writer_state.sql`.
pub(crate) struct WriterState {
    /// The version that was given last to a view row.
    pub(crate) row_version: i64,
    /// The largest id in the index of commits, and the largest of a commit without events: a commit
    /// with a larger one, as a new one's is, cannot be there.
    pub(crate) newest_indexed: Option<[u8; 16]>,
    pub(crate) newest_bare: Option<[u8; 16]>,
}

pub(crate) fn writer_state(connection: &Connection) -> Result<WriterState, Fault> {
    let mut statement = connection.prepare_cached(sql::WRITER_STATE)?;
    let state = statement.query_row((), |row| {
        let (row_version, newest_indexed, newest_bare) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(WriterState { row_version, newest_indexed, newest_bare })
    })?;
    Ok(state)
}

/// The position of the last event, 0 if there is none.
pub(crate) fn head(connection: &Connection) -> Result<u64, Fault> {
    let head: Option<i64> =
        connection.prepare_cached(sql::HEAD)?.query_row((), |row| row.get(0))?;
    u64::try_from(head.unwrap_or(0)).map_err(|_| damage("a position is negative"))
}

pub(crate) fn streams(
    connection: &Connection,
    category: &Name,
    after: Option<&Name>,
    limit: usize,
) -> Result<Vec<StreamId>, Fault> {
    let mut statement = connection.prepare_cached(sql::STREAMS_OF_CATEGORY)?;
    let after = after.map_or("", Name::as_str);
    let mut rows = statement.query((category.as_str(), after, bound(limit)))?;
    let mut streams = Vec::new();
    while let Some(row) = rows.next()? {
        streams.push(StreamId::from_names(category.clone(), name(row, 0)?));
    }
    Ok(streams)
}

/// The receipt of a commit that holds no event.
pub(crate) fn bare_receipt(
    connection: &Connection,
    commit: CommitId,
) -> Result<Option<Receipt>, Fault> {
    let mut statement = connection.prepare_cached(sql::BARE_COMMIT)?;
    let mut rows = statement.query((commit.as_bytes().as_slice(),))?;
    rows.next()?.map(bare_commit).transpose()
}

/// A commit that holds no event, held against its seal.
pub(crate) fn bare_commit(row: &Row<'_>) -> Result<Receipt, Fault> {
    let (id, recorded_at, digest): ([u8; 16], i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
    if seal::bare_commit(&id, recorded_at, digest) != row.get::<_, i64>(3)? {
        return Err(damage("a commit without events does not fit its seal"));
    }
    let (commit, recorded_at) = (CommitId::from_bytes(id), Timestamp::from_micros(recorded_at));
    Ok(Receipt::new(commit, None, recorded_at, Digest(digest.cast_unsigned())))
}

pub(crate) fn schemas(connection: &Connection) -> Result<Vec<RegisteredSchema>, Fault> {
    let mut statement = connection.prepare_cached(sql::KINDS)?;
    let mut rows = statement.query(())?;
    let mut schemas = Vec::new();
    while let Some(row) = rows.next()? {
        schemas.push(schema(row)?.1);
    }
    Ok(schemas)
}

/// The number of a kind in this file, and its schema.
pub(crate) fn kind(
    connection: &Connection,
    (kind, version): &(Name, KindVersion),
) -> Result<Option<(i64, Arc<str>)>, Fault> {
    let mut statement = connection.prepare_cached(sql::KIND)?;
    let mut rows = statement.query((kind.as_str(), version.get()))?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let (number, found) = schema(row)?;
    Ok(Some((number, found.schema)))
}

/// A kind and its schema, held against their seal.
fn schema(row: &Row<'_>) -> Result<(i64, RegisteredSchema), Fault> {
    let version = u32::try_from(unsigned(row, 2)?).ok().and_then(KindVersion::new);
    let version = version.ok_or_else(|| damage("a kind has no version"))?;
    let (kind, schema) = (name(row, 1)?, row.get::<_, Arc<str>>(3)?);
    if seal::kind(kind.as_str(), version.get(), &schema) != row.get::<_, i64>(4)? {
        return Err(damage("a schema does not fit its seal"));
    }
    Ok((row.get(0)?, RegisteredSchema { kind, version, schema }))
}

pub(crate) fn checkpoint(connection: &Connection, id: &Name) -> Result<Option<Checkpoint>, Fault> {
    let mut statement = connection.prepare_cached(sql::CHECKPOINT)?;
    let mut rows = statement.query((id.as_str(),))?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let position = match optional::<i64>(row, 0)? {
        None => None,
        Some(_) => Some(
            GlobalPosition::new(unsigned(row, 0)?)
                .ok_or_else(|| damage("a checkpoint has position 0"))?,
        ),
    };
    let checkpoint = Checkpoint {
        position,
        checksum: optional::<i64>(row, 1)?.map(|bits| Checksum(bits.cast_unsigned())),
        cursor: row.get(2)?,
    };
    if seal::checkpoint(id.as_str(), &checkpoint) != row.get::<_, i64>(3)? {
        return Err(damage("a checkpoint does not fit its seal"));
    }
    Ok(Some(checkpoint))
}

pub(crate) fn row(
    connection: &Connection,
    view: &Name,
    key: &[u8],
) -> Result<Option<ViewRow>, Fault> {
    let mut statement = connection.prepare_cached(sql::ROW)?;
    let mut rows = statement.query((view.as_str(), key))?;
    rows.next()?.map(|row| view_row(view.as_str(), row)).transpose()
}

/// A row of a view, held against its seal: key, version, value and seal.
pub(crate) fn view_row(view: &str, row: &Row<'_>) -> Result<ViewRow, Fault> {
    let found = ViewRow { key: row.get(0)?, version: row_version_in(row, 1)?, value: row.get(2)? };
    let version = found.version.get().cast_signed();
    if seal::row(view, &found.key, version, &found.value) != row.get::<_, i64>(3)? {
        return Err(damage("a row of a view does not fit its seal"));
    }
    Ok(found)
}

/// The version of a row, by `row_version.sql`.
pub(crate) fn row_version(
    statement: &mut CachedStatement<'_>,
    view: &Name,
    key: &[u8],
) -> Result<Option<RowVersion>, Fault> {
    let mut rows = statement.query((view.as_str(), key))?;
    rows.next()?.map(|row| row_version_in(row, 0)).transpose()
}

pub(crate) fn rows(
    connection: &Connection,
    view: &Name,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<ViewRow>, Fault> {
    let (statement, start) = match after {
        Some(after) if after >= prefix => (sql::ROWS_AFTER, after),
        _ => (sql::ROWS_FROM, prefix),
    };
    let mut statement = connection.prepare_cached(statement)?;
    let mut rows = statement.query((view.as_str(), start))?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        let row = view_row(view.as_str(), row)?;
        if !row.key.starts_with(prefix) {
            break;
        }
        found.push(row);
    }
    Ok(found)
}

fn row_version_in(row: &Row<'_>, column: usize) -> Result<RowVersion, Fault> {
    RowVersion::new(unsigned(row, column)?).ok_or_else(|| damage("a row of a view has version 0"))
}

pub(crate) fn name(row: &Row<'_>, column: usize) -> Result<Name, Fault> {
    let text = row.get_ref(column)?.as_str().map_err(|_| damage("a name is not a text"))?;
    Name::new(text).map_err(|invalid| damage(&invalid.to_string()))
}

pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, Fault> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| damage("a number is negative"))
}

pub(crate) fn optional<T: FromSql>(row: &Row<'_>, column: usize) -> Result<Option<T>, Fault> {
    Ok(row.get(column)?)
}

/// A limit as SQLite takes it.
fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(crate) fn damage(reason: &str) -> Fault {
    Fault::Damaged(Damage::elsewhere(reason))
}
