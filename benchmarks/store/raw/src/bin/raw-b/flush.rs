//! Writes what is in memory into the file, in the order of its tables.

use rusqlite::{Connection, Statement};
use store_jobs::Failure;

use crate::bundle;
use crate::index::{Index, Stream, recent};
use crate::number::write_list;

/// So many of a stream's events are in a chunk.
const IN_CHUNK: usize = 96;

/// A stream of so many events has its chunks bundled.
const BUNDLED: u64 = 128;

/// So many commits are in a row.
const IN_ROW: usize = 80;

pub struct Flush<'a> {
    connection: &'a Connection,
    chunk: Statement<'a>,
    stream: Statement<'a>,
    commit: Statement<'a>,
    flushed: Statement<'a>,
}

impl<'a> Flush<'a> {
    pub fn new(connection: &'a Connection) -> Result<Self, Failure> {
        let chunk = "INSERT INTO chunks (stream, version, blocks) VALUES (?1, ?2, ?3)";
        let stream = "UPDATE streams SET version = ?2, recent = ?3 WHERE id = ?1";
        Ok(Self {
            connection,
            chunk: connection.prepare(chunk)?,
            stream: connection.prepare(stream)?,
            commit: connection.prepare("INSERT INTO commits VALUES (?1, ?2)")?,
            flushed: connection.prepare("UPDATE flushed SET position = ?1")?,
        })
    }

    pub fn run(&mut self, index: &mut Index) -> Result<(), Failure> {
        let mut streams: Vec<&mut Stream> =
            index.streams.values_mut().filter(|stream| !stream.newest.is_empty()).collect();
        streams.sort_unstable_by_key(|stream| stream.id);
        for stream in streams {
            self.write_stream(stream)?;
        }
        let commits: Vec<_> = std::mem::take(&mut index.commits).into_iter().collect();
        index.largest = index.largest.max(commits.last().map(|(id, _)| *id));
        let mut bytes = Vec::new();
        for some in commits.chunks(IN_ROW) {
            bytes.clear();
            for (id, position) in some {
                bytes.extend_from_slice(id);
                bytes.extend_from_slice(&position.to_le_bytes());
            }
            self.commit.execute((some[0].0.as_slice(), bytes.as_slice()))?;
        }
        self.flushed.execute([index.head])?;
        index.events = 0;
        Ok(())
    }

    fn write_stream(&mut self, stream: &mut Stream) -> Result<(), Failure> {
        let flushed = stream.version - stream.newest.len() as u64;
        let mut blocks = recent(self.connection, stream.id)?;
        let mut from = flushed.cast_signed() - blocks.len() as i64 + 1;
        let bundled_from = if flushed < BUNDLED { 1 } else { from };
        blocks.append(&mut stream.newest);
        let chunks = blocks.chunks_exact(IN_CHUNK);
        let rest = write_list(chunks.remainder());
        for chunk in chunks {
            self.chunk.execute((stream.id, from, write_list(chunk)))?;
            from += IN_CHUNK as i64;
        }
        self.stream.execute((stream.id, stream.version.cast_signed(), rest))?;
        if stream.version < BUNDLED {
            return Ok(());
        }
        bundle::add(self.connection, stream.id, bundled_from)
    }
}
