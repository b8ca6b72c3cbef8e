//! The index of the tail, written to the file.
//!
//! Owns the order in which it is written, sorted, so that each page is touched once, and from when on the
//! events of a stream are bundled. Never touches an event.

use rusqlite::Connection;

use crate::error::Fault;
use crate::list::StreamList;
use crate::tail::Entries;
use crate::{bundle, commits, positions, sql};

/// When what is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Indexing {
    /// After how many events they are indexed.
    pub(crate) every: u64,
    /// Of how many events a chunk of a stream's list is, 1 or more.
    pub(crate) chunk: usize,
    /// From how many events on those of a stream are bundled.
    pub(crate) bundles_from: u64,
}

/// Writes the index of all entries, in the transaction under way. The file is then indexed up to the
/// last of them.
pub(crate) fn flush(
    connection: &Connection,
    mut entries: Entries,
    indexing: Indexing,
) -> Result<(), Fault> {
    let mut put_chunk = connection.prepare_cached(sql::PUT_CHUNK)?;
    let mut put_stream = connection.prepare_cached(sql::PUT_STREAM)?;
    entries.events.sort_unstable();
    for added in entries.events.chunk_by(|(one, _), (other, _)| one == other) {
        let Some((number, _)) = added.first() else { continue };
        let mut list = StreamList::numbered(connection, *number)?;
        let was_short = list.version() < indexing.bundles_from;
        list.extend(added.iter().map(|(_, block)| *block));
        let chunked = list.chunked_up_to().saturating_add(1);
        for (version, chunk) in list.spill(indexing.chunk) {
            put_chunk.execute((number, version.cast_signed(), positions::encode(&chunk)))?;
        }
        let recent = positions::encode(list.recent());
        put_stream.execute((number, list.version().cast_signed(), recent))?;
        if list.version() >= indexing.bundles_from {
            bundle::add(connection, &list, if was_short { 1 } else { chunked })?;
        }
    }
    entries.commits.sort_unstable();
    commits::add(connection, &entries.commits)?;
    let newest = entries.commits.last().map(|(id, _)| id.as_bytes().as_slice());
    let head = entries.head.cast_signed();
    connection.prepare_cached(sql::PUT_INDEXED)?.execute((head, newest))?;
    Ok(())
}
