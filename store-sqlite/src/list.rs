//! Where a stream's events stand, in the order of its versions: for each the position of its block.
//!
//! Owns how a list is spread over the stream's row, its chunks and the tail. Never says what the
//! events are: who reads them checks that they are the stream's.

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension};
use vitae::StreamId;
use vitae::store::Damage;

use crate::error::Fault;
use crate::lookup::unsigned;
use crate::positions;
use crate::sql;

/// How many events a chunk is of.
pub(crate) const CHUNK: usize = 128;
const CHUNK_VERSIONS: u64 = 128;

/// A stream as one moment of the log has it.
#[derive(Clone)]
pub(crate) struct StreamList {
    /// Its number in this file.
    pub(crate) number: i64,
    /// How many of its events are indexed.
    pub(crate) indexed: u64,
    /// The blocks of the events after the last chunk, the tail's among them.
    recent: Vec<u64>,
    /// The version of the first of these.
    recent_from: u64,
}

impl StreamList {
    /// The indexed part of a stream; `None` if the file does not know it.
    pub(crate) fn find(connection: &Connection, id: &StreamId) -> Result<Option<Self>, Fault> {
        let mut statement = connection.prepare_cached(sql::STREAM)?;
        let mut rows = statement.query((id.category().as_str(), id.id().as_str()))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let list = Self::of(row.get(0)?, unsigned(row, 1)?, row.get_ref(2)?)?;
        // The index that led here has no checksum of ours.
        if (row.get_ref(3)?.as_str(), row.get_ref(4)?.as_str())
            != (Ok(id.category().as_str()), Ok(id.id().as_str()))
        {
            return Err(damaged("the index of streams leads to another stream"));
        }
        Ok(Some(list))
    }

    /// The indexed part of a stream that the file must know.
    pub(crate) fn numbered(connection: &Connection, number: i64) -> Result<Self, Fault> {
        let mut statement = connection.prepare_cached(sql::STREAM_NUMBERED)?;
        let mut rows = statement.query((number,))?;
        match rows.next()? {
            Some(row) => Self::of(number, unsigned(row, 0)?, row.get_ref(1)?),
            None => Err(Damage::elsewhere("an event's stream is missing").into()),
        }
    }

    fn of(number: i64, indexed: u64, recent: rusqlite::types::ValueRef<'_>) -> Result<Self, Fault> {
        let recent = recent.as_blob().map_err(|_| damaged("a stream's list is no bytes"))?;
        let recent = positions::decode(recent)?;
        let held = u64::try_from(recent.len()).unwrap_or(u64::MAX);
        let spilled = indexed.checked_sub(held).filter(|spilled| spilled % CHUNK_VERSIONS == 0);
        let spilled =
            spilled.ok_or_else(|| damaged("a stream's list is not as long as it says"))?;
        Ok(Self { number, indexed, recent, recent_from: spilled.saturating_add(1) })
    }

    /// Adds what follows.
    pub(crate) fn extend(&mut self, blocks: impl IntoIterator<Item = u64>) {
        self.recent.extend(blocks);
    }

    /// The version of the last event, 0 if there is none.
    pub(crate) fn version(&self) -> u64 {
        let recent = u64::try_from(self.recent.len()).unwrap_or(u64::MAX);
        self.recent_from.saturating_sub(1).saturating_add(recent)
    }

    /// The blocks of some versions, all of which there are.
    pub(crate) fn blocks(
        &self,
        connection: &Connection,
        versions: RangeInclusive<u64>,
    ) -> Result<Vec<u64>, Fault> {
        let (from, to) = versions.into_inner();
        let mut found = Vec::new();
        let mut next = from;
        while next <= to && next < self.recent_from {
            let chunk_from = (next - 1) / CHUNK_VERSIONS * CHUNK_VERSIONS + 1;
            let chunk = self.chunk(connection, chunk_from)?;
            let skipped = usize::try_from(next - chunk_from).unwrap_or(usize::MAX);
            let wanted = usize::try_from(to - next).unwrap_or(usize::MAX).saturating_add(1);
            found.extend(chunk.iter().skip(skipped).take(wanted));
            next = chunk_from.saturating_add(CHUNK_VERSIONS);
        }
        if next <= to {
            let skipped = usize::try_from(next - self.recent_from).unwrap_or(usize::MAX);
            let wanted = usize::try_from(to - next).unwrap_or(usize::MAX).saturating_add(1);
            found.extend(self.recent.iter().skip(skipped).take(wanted));
        }
        Ok(found)
    }

    fn chunk(&self, connection: &Connection, version: u64) -> Result<Vec<u64>, Fault> {
        let bytes: Option<Vec<u8>> = connection
            .prepare_cached(sql::CHUNK)?
            .query_row((self.number, version.cast_signed()), |row| row.get(0))
            .optional()?;
        let chunk = bytes.map(|bytes| positions::decode(&bytes)).transpose()?;
        chunk
            .filter(|chunk| chunk.len() == CHUNK)
            .ok_or_else(|| damaged("a part of a stream's list is missing"))
    }

    /// Takes the chunks off that are full, each with the version of its first event.
    pub(crate) fn spill(&mut self) -> Vec<(u64, Vec<u64>)> {
        let mut chunks = Vec::new();
        while self.recent.len() >= CHUNK {
            let rest = self.recent.split_off(CHUNK);
            chunks.push((self.recent_from, std::mem::replace(&mut self.recent, rest)));
            self.recent_from = self.recent_from.saturating_add(CHUNK_VERSIONS);
        }
        chunks
    }

    /// The blocks that fill no chunk.
    pub(crate) fn recent(&self) -> &[u64] {
        &self.recent
    }
}

fn damaged(reason: &str) -> Fault {
    Damage::elsewhere(reason).into()
}
