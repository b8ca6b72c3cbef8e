//! One commit, in the transaction that holds the file.
//!
//! Owns the order in which a commit is checked, and how it is written. Never begins or ends the
//! transaction: what it has written before it refuses is rolled back by who called it.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection};
use vitae::store::{
    AppendError, Checkpoint, Commit, Digest, EventHeader, InvalidCommit, NewEvent, Page, Payload,
    Read, Receipt, RowChange, StreamAppend,
};
use vitae::{EventId, GlobalPosition, KindVersion, Name, StreamVersion, Timestamp};

use crate::error::Fault;
use crate::inspect::FORMAT;
use crate::row::causation_bytes;
use crate::{connect, erase, lookup, read, sql};

/// Why a commit is not written: refused by a rule, or stopped by a fault.
pub(crate) enum Stop {
    Refused(AppendError),
    Fault(Fault),
}

type Step<T> = Result<T, Stop>;

/// What the checks have found, and the writing needs.
struct Plan {
    number: i64,
    /// The position of the last event before the commit.
    head: u64,
    now: Timestamp,
    streams: Vec<Stream>,
    kinds: HashMap<(Name, KindVersion), i64>,
}

struct Stream {
    /// `None` if the commit only expects something of it.
    row: Option<i64>,
    version: u64,
}

/// Takes a commit that has passed [`Commit::check`].
pub(crate) fn append(
    connection: &Connection,
    commit: &Commit,
    digest: Digest,
    now: Timestamp,
) -> Step<Receipt> {
    let found = connect::format(connection)?;
    if found > FORMAT {
        return Err(Stop::Refused(AppendError::FormatChanged { found, known: FORMAT }));
    }
    if let Some(first) = lookup::receipt(connection, commit.id)? {
        return if first.digest == digest {
            Ok(first.repeated())
        } else {
            Err(Stop::Refused(AppendError::IdempotencyConflict { commit: commit.id }))
        };
    }
    let (last_number, head) = lookup::last_commit(connection)?;
    let count = u64::try_from(commit.events.len()).map_err(|_| too_many())?;
    let new_head = head.checked_add(count).ok_or_else(too_many)?;
    let mut plan = Plan {
        number: signed(last_number.saturating_add(1)).ok_or_else(too_many)?,
        head,
        now: commit.recorded_at(now),
        kinds: check_schemas(connection, commit)?,
        streams: check_streams(connection, commit)?,
    };
    check_conditions(connection, commit)?;
    move_checkpoints(connection, commit, new_head)?;
    change_rows(connection, commit, plan.number)?;
    erase_payloads(connection, commit, head)?;
    write_events(connection, commit, &mut plan)?;
    write_commit(connection, commit, &plan, digest, new_head)
}

/// Registers the kinds that are new, and gives each its number in this file.
fn check_schemas(
    connection: &Connection,
    commit: &Commit,
) -> Step<HashMap<(Name, KindVersion), i64>> {
    let mut select = connection.prepare_cached(sql::KIND)?;
    let mut kinds = HashMap::new();
    for schema in &commit.schemas {
        let mut rows = select.query((schema.kind.as_str(), schema.version.get()))?;
        let number = match rows.next()? {
            Some(row) => {
                let stored: String = row.get(1)?;
                if *stored != *schema.schema {
                    return Err(Stop::Refused(AppendError::SchemaMismatch {
                        kind: schema.kind.clone(),
                        version: schema.version,
                        stored: stored.into(),
                        offered: schema.schema.clone(),
                    }));
                }
                row.get(0)?
            }
            None => connection.prepare_cached(sql::INSERT_KIND)?.insert((
                schema.kind.as_str(),
                schema.version.get(),
                &*schema.schema,
            ))?,
        };
        kinds.insert((schema.kind.clone(), schema.version), number);
    }
    Ok(kinds)
}

fn check_streams(connection: &Connection, commit: &Commit) -> Step<Vec<Stream>> {
    let mut streams = Vec::with_capacity(commit.streams.len());
    for (StreamAppend { id, expected }, appended) in commit.streams.iter().zip(commit.appended()) {
        let found = lookup::stream(connection, id)?;
        let actual = found.and_then(|(_, version)| StreamVersion::new(version));
        if !expected.accepts(actual) {
            return Err(Stop::Refused(AppendError::Conflict {
                stream: id.clone(),
                expected: *expected,
                actual,
            }));
        }
        let (row, version) = match found {
            _ if !appended => (None, 0),
            Some((row, version)) => (Some(row), version),
            None => {
                let names = (id.category().as_str(), id.id().as_str(), 0);
                (Some(connection.prepare_cached(sql::INSERT_STREAM)?.insert(names)?), 0)
            }
        };
        streams.push(Stream { row, version });
    }
    Ok(streams)
}

fn check_conditions(connection: &Connection, commit: &Commit) -> Step<()> {
    let mut page = Page::new();
    for (index, condition) in commit.conditions.iter().enumerate() {
        let mut question = Read::log(condition.query.clone()).page_of(1);
        if let Some(after) = condition.after {
            let Some(from) = after.next() else { continue };
            question = question.from_position(from);
        }
        page.clear();
        read::read(connection, &question, &mut page)?;
        if let Some(event) = page.iter().next() {
            return Err(Stop::Refused(AppendError::ConditionFailed {
                condition: index,
                position: event.position(),
            }));
        }
    }
    Ok(())
}

fn move_checkpoints(connection: &Connection, commit: &Commit, head: u64) -> Step<()> {
    for moved in &commit.checkpoints {
        let actual = lookup::checkpoint(connection, &moved.name)?;
        if actual != moved.from {
            return Err(Stop::Refused(AppendError::CheckpointConflict {
                name: moved.name.clone(),
                actual,
            }));
        }
        let Checkpoint { position, checksum, cursor } = &moved.to;
        let position = match position.map(GlobalPosition::get) {
            Some(position) if position > head => {
                return Err(out_of_range("a checkpoint's position"));
            }
            position => position.map(in_range).transpose()?,
        };
        connection.prepare_cached(sql::PUT_CHECKPOINT)?.execute((
            moved.name.as_str(),
            position,
            checksum.map(|checksum| checksum.0.cast_signed()),
            cursor,
        ))?;
    }
    Ok(())
}

fn change_rows(connection: &Connection, commit: &Commit, number: i64) -> Step<()> {
    for RowChange { view, key, expected, value } in &commit.rows {
        let actual = lookup::row_version(connection, view, key)?;
        if actual != *expected {
            return Err(Stop::Refused(AppendError::StaleRow {
                view: view.clone(),
                key: key.clone(),
                actual,
            }));
        }
        match value {
            Some(value) => connection.prepare_cached(sql::PUT_ROW)?.execute((
                view.as_str(),
                key,
                number,
                value,
            ))?,
            None => connection.prepare_cached(sql::DELETE_ROW)?.execute((view.as_str(), key))?,
        };
    }
    Ok(())
}

fn erase_payloads(connection: &Connection, commit: &Commit, head: u64) -> Step<()> {
    if commit.erasures.iter().any(|position| position.get() > head) {
        return Err(out_of_range("the position of an erasure"));
    }
    Ok(erase::payloads(connection, &commit.erasures)?)
}

fn write_events(connection: &Connection, commit: &Commit, plan: &mut Plan) -> Step<()> {
    let mut insert = connection.prepare_cached(sql::INSERT_EVENT)?;
    let mut insert_tag = connection.prepare_cached(sql::INSERT_TAG)?;
    let mut position = plan.head;
    for (index, event) in commit.events.iter().enumerate() {
        position = position.checked_add(1).ok_or_else(too_many)?;
        let place = Place { position, index: u32::try_from(index).map_err(|_| too_many())? };
        let (header, stream) = header(commit, event, place, plan)?;
        let kind = (event.kind.clone(), event.kind_version);
        let numbers = Numbers { stream, kind: plan.kinds.get(&kind).copied(), commit: plan.number };
        insert_event(&mut insert, &numbers, &header, &event.payload)?;
        for tag in event.tags.iter() {
            insert_tag.execute((tag, in_range(position)?))?;
        }
    }
    Ok(())
}

/// Where an event stands in the log and in its commit.
struct Place {
    position: u64,
    index: u32,
}

/// What an event refers to, by its number in this file.
struct Numbers {
    stream: i64,
    kind: Option<i64>,
    commit: i64,
}

/// The header of the next event of its stream, and the number of the stream.
fn header<'a>(
    commit: &'a Commit,
    event: &'a NewEvent,
    place: Place,
    plan: &mut Plan,
) -> Step<(EventHeader<'a>, i64)> {
    let no_stream = || Stop::Refused(InvalidCommit::NoSuchStream { index: event.stream }.into());
    let append = commit.streams.get(event.stream).ok_or_else(no_stream)?;
    let stream = plan.streams.get_mut(event.stream).ok_or_else(no_stream)?;
    let row = stream.row.ok_or_else(no_stream)?;
    stream.version = stream.version.checked_add(1).ok_or_else(too_many)?;
    let header = EventHeader {
        position: place.position,
        category: append.id.category().as_str(),
        stream: append.id.id().as_str(),
        version: stream.version,
        kind: event.kind.as_str(),
        kind_version: event.kind_version.get(),
        id: EventId { commit: commit.id, index: place.index },
        occurred_at: event.occurred_at.as_micros(),
        recorded_at: plan.now.as_micros(),
        correlation: event.correlation.as_bytes(),
        causation: event.causation,
        tags: event.tags.as_bytes(),
        metadata: event.metadata.as_bytes(),
    };
    Ok((header, row))
}

fn insert_event(
    insert: &mut CachedStatement<'_>,
    numbers: &Numbers,
    header: &EventHeader<'_>,
    payload: &Payload,
) -> Step<()> {
    let checksum = header.checksum(payload.digest());
    let correlation = Some(header.correlation.as_slice())
        .filter(|_| header.correlation != header.id.commit.as_bytes());
    insert.execute((
        in_range(header.position)?,
        numbers.stream,
        in_range(header.version)?,
        numbers.kind,
        numbers.commit,
        header.occurred_at,
        correlation,
        header.causation.map(causation_bytes),
        checksum.0.cast_signed(),
        unless_empty(header.tags),
        unless_empty(header.metadata),
        payload.bytes().ok(),
        payload.as_stored().err().map(|digest| digest.0.cast_signed()),
    ))?;
    Ok(())
}

fn write_commit(
    connection: &Connection,
    commit: &Commit,
    plan: &Plan,
    digest: Digest,
    head: u64,
) -> Step<Receipt> {
    let mut update = connection.prepare_cached(sql::UPDATE_STREAM)?;
    for stream in &plan.streams {
        if let Some(row) = stream.row {
            update.execute((row, in_range(stream.version)?))?;
        }
    }
    let first = (head > plan.head).then(|| plan.head.saturating_add(1));
    connection.prepare_cached(sql::INSERT_COMMIT)?.execute((
        plan.number,
        commit.id.as_bytes().as_slice(),
        first.map(in_range).transpose()?,
        in_range(head)?,
        plan.now.as_micros(),
        digest.0.cast_signed(),
    ))?;
    let positions = first.and_then(GlobalPosition::new).zip(GlobalPosition::new(head));
    Ok(Receipt::new(commit.id, positions, plan.now, digest))
}

fn unless_empty(bytes: &[u8]) -> Option<&[u8]> {
    Some(bytes).filter(|bytes| !bytes.is_empty())
}

fn signed(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}

fn in_range(number: u64) -> Step<i64> {
    signed(number).ok_or_else(too_many)
}

fn too_many() -> Stop {
    out_of_range("the position of an event")
}

fn out_of_range(what: &'static str) -> Stop {
    Stop::Refused(InvalidCommit::OutOfRange { what }.into())
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fault(error.into())
    }
}
