//! The index of the tail, written to the file.
//!
//! Owns the order in which it is written: sorted, so that each page is touched once. Never touches an
//! event.

use rusqlite::Connection;
use vitae::CommitId;

use crate::error::Fault;
use crate::list::StreamList;
use crate::tail::Tail;
use crate::{positions, sql};

/// Writes the index of everything that a tail holds, in the transaction under way. The file is then
/// indexed up to the tail's head.
pub(crate) fn flush(connection: &Connection, tail: &Tail) -> Result<(), Fault> {
    let mut put_chunk = connection.prepare_cached(sql::PUT_CHUNK)?;
    let mut put_stream = connection.prepare_cached(sql::PUT_STREAM)?;
    for (number, added) in tail.streams() {
        let mut list = StreamList::numbered(connection, number)?;
        list.extend(added);
        for (version, chunk) in list.spill() {
            put_chunk.execute((number, version.cast_signed(), positions::encode(&chunk)))?;
        }
        let recent = positions::encode(list.recent());
        put_stream.execute((number, list.version().cast_signed(), recent))?;
    }
    let mut put_commit = connection.prepare_cached(sql::PUT_COMMIT)?;
    for (commit, position) in tail.commits() {
        put_commit.execute((prefix(commit), position.cast_signed()))?;
    }
    connection.prepare_cached(sql::PUT_INDEXED)?.execute((tail.head().cast_signed(),))?;
    Ok(())
}

/// What a commit is indexed by: the first 8 bytes of its id.
pub(crate) fn prefix(commit: CommitId) -> i64 {
    let bytes = commit.as_bytes().first_chunk::<8>().copied().unwrap_or_default();
    i64::from_be_bytes(bytes)
}
