//! The events of a chunk once more, one behind the other: of each its position, when it was recorded, its lag,
//! its kind and the length of its body, then the body. Position and time are differences from the event before.

use rusqlite::Connection;
use store_jobs::Failure;

use crate::block::{Event, of_stream};
use crate::body::Body;
use crate::number::{self, fold, unfold};

/// Bundles the chunks of a stream from a version on.
pub fn add(connection: &Connection, stream: i64, from: i64) -> Result<(), Failure> {
    let mut chunks = connection
        .prepare_cached("SELECT version, blocks FROM chunks WHERE stream = ?1 AND version >= ?2")?;
    let mut insert = connection.prepare_cached("INSERT INTO bundles (events) VALUES (?1)")?;
    let mut put = connection
        .prepare_cached("UPDATE chunks SET bundle = ?3 WHERE stream = ?1 AND version = ?2")?;
    let chunks = chunks
        .query_map((stream, from), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(i64, Vec<u8>)>, _>>()?;
    for (version, blocks) in chunks {
        let bytes = bundle(connection, stream, version, &number::read_list(&blocks)?)?;
        put.execute((stream, version, insert.insert([bytes])?))?;
    }
    Ok(())
}

/// The events of a chunk that begins with a version.
fn bundle(
    connection: &Connection,
    stream: i64,
    version: i64,
    blocks: &[i64],
) -> Result<Vec<u8>, Failure> {
    let (mut bytes, mut position, mut recorded_at) = (Vec::new(), 0, 0);
    let version = version.cast_unsigned();
    let versions = version..=version + blocks.len() as u64 - 1;
    of_stream(connection, stream, blocks, &versions, |event| {
        for number in [
            (event.position - position).cast_unsigned(),
            fold(event.recorded_at - recorded_at),
            fold(event.recorded_at - event.occurred_at),
            event.kind,
            event.bytes.len() as u64,
        ] {
            number::write(number, &mut bytes);
        }
        bytes.extend_from_slice(event.bytes);
        (position, recorded_at) = (event.position, event.recorded_at);
        Ok(())
    })?;
    Ok(bytes)
}

/// What is left of a bundle, and what was read last.
pub struct Events<'b> {
    stream: i64,
    version: u64,
    position: i64,
    recorded_at: i64,
    rest: &'b [u8],
}

impl<'b> Events<'b> {
    /// The events of a stream from a version on.
    pub fn of(stream: i64, version: u64, bytes: &'b [u8]) -> Self {
        Self { stream, version: version - 1, position: 0, recorded_at: 0, rest: bytes }
    }

    fn event(&mut self) -> Result<Event<'b>, Failure> {
        let mut number = || number::read(&mut self.rest).ok_or("a bundle is cut off");
        self.version += 1;
        self.position += number()?.cast_signed();
        self.recorded_at += unfold(number()?);
        let occurred_at = self.recorded_at - unfold(number()?);
        let (kind, length) = (number()?, number()? as usize);
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or("a bundle is cut off")?;
        self.rest = rest;
        Ok(Event {
            position: self.position,
            version: self.version,
            kind,
            stream: self.stream,
            occurred_at,
            recorded_at: self.recorded_at,
            bytes,
            body: Body::read(bytes)?,
        })
    }
}

impl<'b> Iterator for Events<'b> {
    type Item = Result<Event<'b>, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() { None } else { Some(self.event()) }
    }
}
