//! Erasing payloads, so that their bytes are gone.
//!
//! Owns everything that makes SQLite forget: the setting, the statement, and the log that has older
//! copies of a page. Never erases what it has not checked: the digest that stays must be the right
//! one.

use std::time::Duration;

use rusqlite::Connection;
use vitae::GlobalPosition;

use crate::error::Fault;
use crate::names::Names;
use crate::{body, bundle, event, sql};

/// Lets SQLite overwrite what it deletes, and what it moves to another page, with zeros. For a
/// connection from its beginning: a page that was split before would have a copy.
pub(crate) fn leave_no_traces(connection: &Connection) -> Result<(), Fault> {
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    Ok(())
}

/// Puts the digest in the place of each payload, in the transaction that is open, and drops the bundle that
/// holds it once more and the snapshot of its stream, in which it may live on. From then on no snapshot of
/// that stream is kept: whoever takes one may know the payload still.
pub(crate) fn payloads(
    connection: &Connection,
    names: &mut Names,
    positions: &[GlobalPosition],
) -> Result<(), Fault> {
    for position in positions {
        let position = position.get();
        let (block, bytes, life, stream) = event::at(connection, position, |block, event| {
            let names = names.of(connection, event)?;
            event.check(&names)?;
            let body = body::erased(event.bytes).and_then(|body| block.with_body(position, &body));
            let bytes = body.ok_or_else(|| event.damaged("its row has no room for a digest"))?;
            let stream = (names.category.to_owned(), names.stream.to_owned());
            Ok((block.first.cast_signed(), bytes, (event.stream, event.version), stream))
        })?;
        let (number, version) = life;
        bundle::remove(connection, number, version)?;
        connection.prepare_cached(sql::PUT_BLOCK)?.execute((block, bytes))?;
        connection.prepare_cached(sql::DROP_SNAPSHOT)?.execute(stream)?;
        connection.prepare_cached(sql::MARK_ERASED)?.execute((number,))?;
    }
    Ok(())
}

/// Brings the write-ahead log home and empties it: it has the pages as they were before. Says
/// whether it could; if not, somebody is reading what it holds. Waits for nobody.
pub(crate) fn empty_log(connection: &Connection) -> bool {
    let patience = connection.query_row("PRAGMA busy_timeout", (), |row| row.get::<_, u32>(0));
    let Ok(patience) = patience else {
        return false;
    };
    let emptied = connection.busy_timeout(Duration::ZERO).and_then(|()| {
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get::<_, bool>(0))
    });
    let restored = connection.busy_timeout(Duration::from_millis(patience.into()));
    matches!((emptied, restored), (Ok(false), Ok(())))
}
