//! Several events in one row.
//!
//! Owns the encoding, which is part of the format, and which events share a row: those that one
//! transaction records at one time, in the order of their positions, as many as the page has room for
//! that SQLite is filling. It takes longer over a row than the store over an event. Never trusts what it
//! reads.
//!
//! ```text
//! recorded at 8 · number of events 2 · commit that the first event continues 16, zeros if it begins one
//! · widths 2 (`widths.rs`)
//! · of each event: end 2 · stream · version · kind · lag, each as wide as the widths say
//! · of each event: its body (`body.rs`)
//! ```
//! Numbers are big-endian, as SQL can read them (the view `log`). The end is that of the event's body,
//! counted from where the bodies begin, and 0 for the last event, whose body ends with the row; its
//! highest bit is set if the event begins a commit. The lag says how much earlier the event occurred than
//! it was recorded, doubled, and for an event that occurred later its complement.

mod builder;
pub(crate) mod format_1;
#[cfg(test)]
mod tests;
mod widths;

use rusqlite::Row;
use rusqlite::types::ValueRef;
use vitae::store::Damage;
use vitae::{CommitId, GlobalPosition};

use crate::body;
use crate::error::Fault;
use crate::event::StoredEvent;

pub(crate) use builder::Builder;
use widths::Widths;

/// In the end of a body: the event begins a commit.
const BEGINS: u16 = 1 << 15;

/// The same in the first byte of a head.
const HIGHEST: u8 = 1 << 7;

/// The largest version that there is room for.
pub(crate) const MAX_VERSION: u64 = (1 << 40) - 1;

/// What stands of an event at the beginning of its row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) stream: i64,
    pub(crate) version: u64,
    pub(crate) kind: i64,
    pub(crate) lag: i64,
}

/// A row, borrowed from the statement that stands on it: `block_columns.sql`.
pub(crate) struct Block<'r> {
    /// The position of its first event, which it is found by.
    pub(crate) first: u64,
    recorded_at: i64,
    continues: CommitId,
    widths: Widths,
    /// How many events it holds.
    events: usize,
    heads: &'r [u8],
    bodies: &'r [u8],
}

impl<'r> Block<'r> {
    pub(crate) fn of(row: &'r Row<'_>) -> Result<Self, Fault> {
        let first = match row.get_ref(0)? {
            ValueRef::Integer(position) => u64::try_from(position).ok(),
            _ => None,
        };
        let Some(first) = first.and_then(GlobalPosition::new) else {
            return Err(Damage::elsewhere("an event has no position").into());
        };
        Self::at(first.get(), row).map_err(|reason| Damage::at(first, reason).into())
    }

    fn at(first: u64, row: &'r Row<'_>) -> Result<Self, &'static str> {
        let Ok(ValueRef::Blob(bytes)) = row.get_ref(1) else {
            return Err("its row is no bytes");
        };
        Self::decode(first, bytes).ok_or("its row does not hold as many events as it says")
    }

    fn decode(first: u64, bytes: &'r [u8]) -> Option<Self> {
        let (recorded_at, rest) = bytes.split_first_chunk()?;
        let (events, rest) = rest.split_first_chunk()?;
        let (continues, rest) = rest.split_first_chunk()?;
        let (widths, rest) = rest.split_first_chunk()?;
        let events = usize::from(u16::from_be_bytes(*events));
        let widths = Widths::from_bytes(*widths)?;
        let (heads, bodies) = rest.split_at_checked(events.checked_mul(widths.head())?)?;
        let recorded_at = i64::from_be_bytes(*recorded_at);
        let continues = CommitId::from_bytes(*continues);
        Some(Self { first, recorded_at, continues, widths, events, heads, bodies })
    }

    /// The position of its last event.
    pub(crate) fn last(&self) -> u64 {
        let events = u64::try_from(self.events).unwrap_or(u64::MAX);
        self.first.saturating_add(events).saturating_sub(1)
    }

    /// The event at a position, `None` if it is not in this row.
    pub(crate) fn at_position(&self, position: u64) -> Result<Option<StoredEvent<'r>>, Fault> {
        let index = position.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        index.filter(|index| *index < self.events).map(|index| self.event(index)).transpose()
    }

    /// The event at a version of a stream, `None` if it is not in this row.
    pub(crate) fn of_stream(
        &self,
        stream: i64,
        version: u64,
    ) -> Result<Option<StoredEvent<'r>>, Fault> {
        let Some(sought) = self.widths.life(stream, version) else {
            return Ok(None);
        };
        let index = self.each_head().position(|head| self.widths.is_of(head, &sought));
        index.map(|index| self.event(index)).transpose()
    }

    fn event(&self, index: usize) -> Result<StoredEvent<'r>, Fault> {
        let position = self.first.saturating_add(u64::try_from(index).unwrap_or(u64::MAX));
        self.decode_event(index, position).ok_or_else(|| {
            let position = GlobalPosition::new(position);
            let reason = "its body is not well formed".to_owned();
            Fault::Damaged(Damage { position, reason })
        })
    }

    fn decode_event(&self, index: usize, position: u64) -> Option<StoredEvent<'r>> {
        let head = self.widths.decode(self.head(index)?)?;
        let bytes = self.bodies.get(self.begin(index)?..self.end(index)?)?;
        Some(StoredEvent {
            row: self.first.cast_signed(),
            position,
            stream: head.stream,
            version: head.version,
            kind: head.kind,
            occurred_at: self.recorded_at.wrapping_sub(head.lag),
            recorded_at: self.recorded_at,
            commit: self.commit_of(index)?,
            body: body::decode(bytes)?,
            bytes,
        })
    }

    fn each_head(&self) -> impl DoubleEndedIterator<Item = &'r [u8]> + ExactSizeIterator {
        self.heads.chunks_exact(self.widths.head())
    }

    fn head(&self, index: usize) -> Option<&'r [u8]> {
        let size = self.widths.head();
        let begin = index.checked_mul(size)?;
        self.heads.get(begin..begin.checked_add(size)?)
    }

    /// The commit that an event is of: the last that has begun in this row, else the one that began
    /// before it.
    fn commit_of(&self, index: usize) -> Option<CommitId> {
        let begins = |head: &[u8]| head.first().is_some_and(|high| high & HIGHEST != 0);
        match self.each_head().take(index + 1).rposition(begins) {
            Some(first) => body::commit_begun(self.bodies.get(self.begin(first)?..)?),
            None => Some(self.continues),
        }
    }

    fn begin(&self, index: usize) -> Option<usize> {
        index.checked_sub(1).map_or(Some(0), |before| self.end(before))
    }

    fn end(&self, index: usize) -> Option<usize> {
        if index + 1 == self.events {
            return Some(self.bodies.len());
        }
        let end = self.head(index)?.first_chunk()?;
        Some(usize::from(u16::from_be_bytes(*end) & !BEGINS))
    }

    /// The bytes of the row with another body for an event of it. `None` if they are too many.
    pub(crate) fn with_body(&self, position: u64, body: &[u8]) -> Option<Vec<u8>> {
        let changed = usize::try_from(position.checked_sub(self.first)?).ok()?;
        let (mut heads, mut bodies) = (self.heads.to_vec(), Vec::new());
        let last = self.events.checked_sub(1)?;
        for (index, head) in heads.chunks_exact_mut(self.widths.head()).enumerate() {
            let old = self.bodies.get(self.begin(index)?..self.end(index)?)?;
            bodies.extend_from_slice(if index == changed { body } else { old });
            let place = head.first_chunk_mut()?;
            let begins = u16::from_be_bytes(*place) & BEGINS;
            let end = if index == last { 0 } else { u16::try_from(bodies.len()).ok()? };
            *place = (Some(end).filter(|end| *end < BEGINS)? | begins).to_be_bytes();
        }
        let mut bytes = self.recorded_at.to_be_bytes().to_vec();
        bytes.extend_from_slice(&u16::try_from(self.events).ok()?.to_be_bytes());
        bytes.extend_from_slice(self.continues.as_bytes());
        bytes.extend_from_slice(&self.widths.to_bytes());
        bytes.append(&mut heads);
        bytes.append(&mut bodies);
        Some(bytes)
    }
}
