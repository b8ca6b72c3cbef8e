//! The index of the tail, written to the file.
//!
//! Owns the order in which it is written: sorted, so that each page is touched once. Never touches an
//! event.

use rusqlite::Connection;

use crate::error::Fault;
use crate::list::StreamList;
use crate::tail::Entries;
use crate::{commits, positions, sql};

/// Writes the index of all entries, in the transaction under way. The file is then indexed up to the
/// last of them.
pub(crate) fn flush(connection: &Connection, mut entries: Entries) -> Result<(), Fault> {
    let mut put_chunk = connection.prepare_cached(sql::PUT_CHUNK)?;
    let mut put_stream = connection.prepare_cached(sql::PUT_STREAM)?;
    entries.events.sort_unstable();
    for added in entries.events.chunk_by(|(one, _), (other, _)| one == other) {
        let Some((number, _)) = added.first() else { continue };
        let mut list = StreamList::numbered(connection, *number)?;
        list.extend(added.iter().map(|(_, block)| *block));
        for (version, chunk) in list.spill() {
            put_chunk.execute((number, version.cast_signed(), positions::encode(&chunk)))?;
        }
        let recent = positions::encode(list.recent());
        put_stream.execute((number, list.version().cast_signed(), recent))?;
    }
    entries.commits.sort_unstable();
    commits::add(connection, &entries.commits)?;
    let newest = entries.commits.last().map(|(id, _)| id.as_bytes().as_slice());
    let head = entries.head.cast_signed();
    connection.prepare_cached(sql::PUT_INDEXED)?.execute((head, newest))?;
    Ok(())
}
