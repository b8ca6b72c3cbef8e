//! The events of a long stream once more, as many in a row as a chunk of its list has.
//!
//! In the log each of them may stand on a page of its own, far from the others; here they stand one behind
//! the other. Owns the encoding, which is part of the format, and that such a copy says what the log says:
//! it is made with the index, and taken away when one of its events is erased. Never the truth: whoever
//! reads an event here holds it against the event's checksum, and goes to the log if it does not fit.
//!
//! ```text
//! of each event: position · recorded at · lag · kind · length of its body · body (`body.rs`)
//!                · commit id 16, unless the event begins the commit
//! ```
//! Numbers are LEB128: the position as what it is more than the one before, recorded at so too, and folded
//! as the lag is (`body.rs`).

use std::ops::RangeInclusive;

use rusqlite::Connection;
use vitae::store::{Damage, Direction};
use vitae::{CommitId, GlobalPosition};

use crate::body::{self, Place, Rest, fold, push_number, unfold};
use crate::error::{Fault, if_whole};
use crate::event::{self, StoredEvent, of_stream};
use crate::list::{StreamList, Stretch};
use crate::sql;

/// The most bytes of a bundle. Events that come to more fill most of a page each, wherever they stand.
const MAX: usize = 64 << 10;

/// Bundles the chunks of a stream from a version on, with which one of them begins. What cannot be read
/// stays as it is, and whoever reads it is told.
pub(crate) fn add(connection: &Connection, list: &StreamList, from: u64) -> Result<(), Fault> {
    let mut insert = connection.prepare_cached(sql::INSERT_BUNDLE)?;
    let mut put = connection.prepare_cached(sql::PUT_CHUNK_BUNDLE)?;
    let mut next = from;
    while next <= list.chunked_up_to() {
        let Some(chunk) = if_whole(list.stretch(connection, next))? else { return Ok(()) };
        next = chunk.versions().end().saturating_add(1);
        if chunk.bundle.is_some() {
            // Somebody had streams bundled earlier.
            continue;
        }
        let bytes = if_whole(bundle(connection, list.number, &chunk))?;
        if let Some(bytes) = bytes.filter(|bytes| bytes.len() <= MAX) {
            let bundle = insert.insert((bytes,))?;
            put.execute((list.number, chunk.from.cast_signed(), bundle))?;
        }
    }
    Ok(())
}

/// Puts the events of a chunk one behind the other, or as many as there is room for and one more.
fn bundle(connection: &Connection, stream: i64, chunk: &Stretch<'_>) -> Result<Vec<u8>, Fault> {
    let (mut bytes, mut position, mut recorded_at) = (Vec::new(), 0, 0);
    of_stream(connection, stream, &chunk.placed(&chunk.versions()), |event| {
        push_number(&mut bytes, event.position.saturating_sub(position));
        push_number(&mut bytes, fold(event.recorded_at.wrapping_sub(recorded_at)));
        push_number(&mut bytes, fold(event.recorded_at.wrapping_sub(event.occurred_at)));
        push_number(&mut bytes, event.kind.cast_unsigned());
        push_number(&mut bytes, u64::try_from(event.bytes.len()).unwrap_or(u64::MAX));
        bytes.extend_from_slice(event.bytes);
        if let Place::Later(_) = event.body.place {
            bytes.extend_from_slice(event.commit.as_bytes());
        }
        (position, recorded_at) = (event.position, event.recorded_at);
        Ok(bytes.len() <= MAX)
    })?;
    Ok(bytes)
}

/// Takes away the bundle that holds an event, if there is one.
pub(crate) fn remove(connection: &Connection, stream: i64, version: u64) -> Result<(), Fault> {
    let list = StreamList::numbered(connection, stream)?;
    let chunk = list.stretch(connection, version)?;
    if let Some(bundle) = chunk.bundle {
        connection.prepare_cached(sql::DELETE_BUNDLE)?.execute((bundle,))?;
        let row = (stream, chunk.from.cast_signed(), None::<i64>);
        connection.prepare_cached(sql::PUT_CHUNK_BUNDLE)?.execute(row)?;
    }
    Ok(())
}

/// Shows some events of a stream, all in the bundle of one chunk, until `visit` says that it is enough:
/// false then.
pub(crate) fn walk(
    connection: &Connection,
    bundle: i64,
    (stream, chunk_from): (i64, u64),
    versions: &RangeInclusive<u64>,
    direction: Direction,
    mut visit: impl FnMut(&StoredEvent<'_>) -> Result<bool, Fault>,
) -> Result<bool, Fault> {
    open(connection, bundle, (stream, chunk_from), |events| {
        let mut found = Vec::new();
        while events.version <= *versions.end() {
            let event = events.next()?;
            if event.version >= *versions.start() {
                found.push(event);
            }
        }
        if direction == Direction::Backwards {
            found.reverse();
        }
        for event in &found {
            if !visit(event)? {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

/// Holds a bundle against the log: it must have the events of its chunk, and nothing else.
pub(crate) fn check(
    connection: &Connection,
    bundle: i64,
    stream: i64,
    chunk: &Stretch<'_>,
) -> Result<(), Fault> {
    open(connection, bundle, (stream, chunk.from), |events| {
        for _ in chunk.versions() {
            let found = events.next()?;
            let same = event::at(connection, found.position, |_, event| Ok(found.is_same(event)))?;
            if !same {
                return Err(found.damaged("a bundle says something else of it than the log"));
            }
        }
        if events.rest.0.is_empty() {
            return Ok(());
        }
        Err(damaged(events.position, "behind it the bundle of its stream goes on"))
    })
}

/// Shows what a bundle of a stream holds, from a version on.
fn open<T>(
    connection: &Connection,
    bundle: i64,
    (stream, version): (i64, u64),
    look: impl FnOnce(&mut Events<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut select = connection.prepare_cached(sql::BUNDLE)?;
    let mut rows = select.query((bundle,))?;
    let row =
        rows.next()?.ok_or_else(|| damaged(0, "the bundle of a stream's events is missing"))?;
    let rest = Rest(row.get_ref(0)?.as_blob().unwrap_or_default());
    look(&mut Events { bundle, stream, version, position: 0, recorded_at: 0, rest })
}

/// The events of a bundle, in the order of their versions.
struct Events<'b> {
    bundle: i64,
    stream: i64,
    /// Of the next event.
    version: u64,
    /// Of the one before.
    position: u64,
    recorded_at: i64,
    rest: Rest<'b>,
}

impl<'b> Events<'b> {
    /// The next event.
    fn next(&mut self) -> Result<StoredEvent<'b>, Fault> {
        let before = self.position;
        self.decode()
            .ok_or_else(|| damaged(before, "behind it the bundle of its stream is cut off"))
    }

    fn decode(&mut self) -> Option<StoredEvent<'b>> {
        let (rest, version) = (&mut self.rest, self.version);
        self.position = self.position.checked_add(rest.number()?)?;
        self.recorded_at = self.recorded_at.wrapping_add(unfold(rest.number()?));
        self.version = version.checked_add(1)?;
        let lag = unfold(rest.number()?);
        let kind = i64::try_from(rest.number()?).ok()?;
        let bytes = rest.bytes()?;
        let body = body::decode(bytes)?;
        let commit = match body.place {
            Place::First(opening) => opening.commit,
            Place::Later(_) => CommitId::from_bytes(*rest.array()?),
        };
        Some(StoredEvent {
            row: self.bundle,
            position: self.position,
            stream: self.stream,
            version,
            kind,
            occurred_at: self.recorded_at.wrapping_sub(lag),
            recorded_at: self.recorded_at,
            commit,
            body,
            bytes,
        })
    }
}

fn damaged(position: u64, reason: &str) -> Fault {
    let position = GlobalPosition::new(position);
    Fault::Damaged(Damage { position, reason: reason.to_owned() })
}
