//! Where a stream's events stand, in the order of its versions: for each the position of its block.
//!
//! Owns how a list is spread over the stream's row, its chunks and the tail. Never says what the
//! events are: who reads them checks that they are the stream's.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use rusqlite::Connection;
use vitae::StreamId;
use vitae::store::Damage;

use crate::error::Fault;
use crate::lookup::unsigned;
use crate::positions;
use crate::sql;

/// A part of a list: a chunk, or all that is in none.
pub(crate) struct Stretch<'l> {
    /// The version that it begins with.
    pub(crate) from: u64,
    /// The blocks of its events.
    pub(crate) blocks: Cow<'l, [u64]>,
    /// Where its events stand once more, if they do.
    pub(crate) bundle: Option<i64>,
}

impl Stretch<'_> {
    /// The versions of its events, of which there is one at least.
    pub(crate) fn versions(&self) -> RangeInclusive<u64> {
        let more = self.blocks.len().saturating_sub(1);
        self.from..=self.from.saturating_add(u64::try_from(more).unwrap_or(u64::MAX))
    }

    /// Some of its versions, each with the block of its event.
    pub(crate) fn placed(&self, versions: &RangeInclusive<u64>) -> Vec<(u64, u64)> {
        let all = self.versions().zip(self.blocks.iter().copied());
        all.filter(|(version, _)| versions.contains(version)).collect()
    }
}

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
        let in_chunks = indexed.checked_sub(held);
        let in_chunks =
            in_chunks.ok_or_else(|| damaged("a stream's list is longer than it says"))?;
        Ok(Self { number, indexed, recent, recent_from: in_chunks.saturating_add(1) })
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

    /// The last version that is listed in a chunk, 0 if none is.
    pub(crate) const fn chunked_up_to(&self) -> u64 {
        self.recent_from.saturating_sub(1)
    }

    /// The part of the list with a version, which the stream has come to.
    pub(crate) fn stretch(
        &self,
        connection: &Connection,
        version: u64,
    ) -> Result<Stretch<'_>, Fault> {
        if version >= self.recent_from {
            let blocks = Cow::Borrowed(&*self.recent);
            return Ok(Stretch { from: self.recent_from, blocks, bundle: None });
        }
        let mut statement = connection.prepare_cached(sql::CHUNK)?;
        let mut rows = statement.query((self.number, version.cast_signed()))?;
        let missing = || damaged("a part of a stream's list is missing");
        let row = rows.next()?.ok_or_else(missing)?;
        let blocks = positions::decode(row.get_ref(1)?.as_blob().unwrap_or_default())?;
        let chunk = Stretch { from: unsigned(row, 0)?, blocks: blocks.into(), bundle: row.get(2)? };
        let versions = chunk.versions();
        let holds_it = !chunk.blocks.is_empty() && versions.contains(&version);
        if holds_it && *versions.end() < self.recent_from {
            return Ok(chunk);
        }
        Err(missing())
    }

    /// The blocks of all events that are indexed.
    pub(crate) fn indexed_blocks(&self, connection: &Connection) -> Result<Vec<u64>, Fault> {
        let mut blocks = Vec::new();
        let mut next = 1;
        while next <= self.indexed {
            let stretch = self.stretch(connection, next)?;
            if stretch.from != next {
                return Err(damaged("two parts of a stream's list are of the same versions"));
            }
            blocks.extend_from_slice(&stretch.blocks);
            next = stretch.versions().end().saturating_add(1);
        }
        Ok(blocks)
    }

    /// Takes chunks off that are full, of so many events, each with the version of its first event.
    pub(crate) fn spill(&mut self, of: usize) -> Vec<(u64, Vec<u64>)> {
        let mut chunks = Vec::new();
        while self.recent.len() >= of {
            let rest = self.recent.split_off(of);
            chunks.push((self.recent_from, std::mem::replace(&mut self.recent, rest)));
            let spilled = u64::try_from(of).unwrap_or(u64::MAX);
            self.recent_from = self.recent_from.saturating_add(spilled);
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
