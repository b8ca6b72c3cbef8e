//! Snapshots: a table that no other knows of.
//!
//! Owns how one is kept and read back. Never looks into a state, and never begins or ends a
//! transaction.

use rusqlite::{Connection, Row};
use vitae::store::{Checksum, Snapshot};
use vitae::{CommitId, EventId, StreamId, StreamVersion};

use crate::error::Fault;
use crate::lookup::{damage, unsigned};
use crate::sql;

/// The snapshot of a stream, held against its checksum.
pub(crate) fn read(connection: &Connection, stream: &StreamId) -> Result<Option<Snapshot>, Fault> {
    let mut statement = connection.prepare_cached(sql::SNAPSHOT)?;
    let mut rows = statement.query((stream.category().as_str(), stream.id().as_str()))?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let snapshot = Snapshot {
        stream: stream.clone(),
        version: StreamVersion::new(unsigned(row, 0)?)
            .ok_or_else(|| damage("a snapshot has version 0"))?,
        event: event(row)?,
        revision: u32::try_from(unsigned(row, 2)?)
            .map_err(|_| damage("a snapshot's revision is out of range"))?,
        schema: row.get::<_, String>(3)?.into(),
        state: row.get(4)?,
    };
    let checksum = Checksum(row.get::<_, i64>(5)?.cast_unsigned());
    Ok(Some(snapshot.checked(checksum)?))
}

fn event(row: &Row<'_>) -> Result<EventId, Fault> {
    let bytes: [u8; 20] = row.get(1)?;
    let (commit, index) = bytes.split_at(16);
    match (commit.try_into(), index.try_into()) {
        (Ok(commit), Ok(index)) => {
            Ok(EventId { commit: CommitId::from_bytes(commit), index: u32::from_be_bytes(index) })
        }
        _ => Err(damage("a snapshot has no event")),
    }
}

fn event_bytes(event: EventId) -> [u8; 20] {
    let mut bytes = [0; 20];
    let (commit, index) = bytes.split_at_mut(16);
    commit.copy_from_slice(event.commit.as_bytes());
    index.copy_from_slice(&event.index.to_be_bytes());
    bytes
}

/// Keeps a snapshot of a stream that has come to a version, unless the one that is there is newer. One
/// that claims more than the stream's version is damaged, and gives way.
pub(crate) fn put(
    connection: &Connection,
    snapshot: &Snapshot,
    stream_version: i64,
) -> Result<(), Fault> {
    connection.prepare_cached(sql::PUT_SNAPSHOT)?.execute((
        snapshot.stream.category().as_str(),
        snapshot.stream.id().as_str(),
        snapshot.version.get().cast_signed(),
        event_bytes(snapshot.event),
        snapshot.revision,
        &*snapshot.schema,
        &snapshot.state,
        snapshot.checksum().0.cast_signed(),
        stream_version,
    ))?;
    Ok(())
}
