//! Several events in one row.
//!
//! Owns the encoding, which is part of the format, and which events share a row: those that one
//! transaction records at one time, in the order of their positions, as many as the page has room for
//! that SQLite is filling. It takes longer over a row than the store over an event. Never trusts what it
//! reads.
//!
//! ```text
//! recorded at 8 · number of events 2 · commit that the first event continues 16, zeros if it begins one
//! · of each event: end 2 · stream 4 · version 5 · kind 3 · lag 8
//! · of each event: its body (`body.rs`)
//! ```
//! Numbers are big-endian, as SQL can read them (the view `log`). The end is that of the event's body,
//! counted from where the bodies begin, and 0 for the last event, whose body ends with the row; its
//! highest bit is set if the event begins a commit. The lag says how much earlier the event occurred than
//! it was recorded.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use vitae::store::Damage;
use vitae::{CommitId, EventId, GlobalPosition};

use crate::body;
use crate::error::Fault;
use crate::event::StoredEvent;

/// The bytes of what stands of each event before the bodies.
const HEAD: usize = 22;

/// In the end of a body: the event begins a commit.
const BEGINS: u16 = 1 << 15;

/// What a page of SQLite's has room for, and what a row takes of it beside heads and bodies, at most:
/// its beginning, and what SQLite adds or keeps free.
const PAGE: usize = 4_088;
const ROW: usize = 60;

/// So little is left empty at the end of a page.
const REST: usize = 256;

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

impl Head {
    /// `None` if a number is larger than there is room for.
    fn encode(&self) -> Option<[u8; HEAD]> {
        let [s0, s1, s2, s3] = u32::try_from(self.stream).ok()?.to_be_bytes();
        let [0, 0, 0, v0, v1, v2, v3, v4] = self.version.to_be_bytes() else { return None };
        let [0, k0, k1, k2] = u32::try_from(self.kind).ok()?.to_be_bytes() else { return None };
        let [l0, l1, l2, l3, l4, l5, l6, l7] = self.lag.to_be_bytes();
        Some([0, 0, s0, s1, s2, s3, v0, v1, v2, v3, v4, k0, k1, k2, l0, l1, l2, l3, l4, l5, l6, l7])
    }
}

/// A row that is being put together.
#[derive(Default)]
pub(crate) struct Builder {
    first: u64,
    recorded_at: i64,
    events: u16,
    continues: [u8; 16],
    /// Whether the last event begins a commit.
    begins: u16,
    heads: Vec<u8>,
    bodies: Vec<u8>,
    row: Vec<u8>,
    /// How much room the page is thought to have that the last row went to. If it has less, its rest
    /// stays empty.
    left: usize,
}

impl Builder {
    pub(crate) const fn is_empty(&self) -> bool {
        self.events == 0
    }

    /// Whether an event with a body of so many bytes belongs into the row.
    pub(crate) fn takes(&self, recorded_at: i64, body: usize) -> bool {
        let room = if self.left < REST { PAGE } else { self.left };
        let bytes = self.size() + HEAD + body;
        self.is_empty() || (self.recorded_at == recorded_at && bytes <= room)
    }

    /// The bytes of its page that the row takes.
    const fn size(&self) -> usize {
        ROW + self.heads.len() + self.bodies.len()
    }

    /// Adds the next event, and says what the row is found by: the position of its first event. `None`
    /// if a number of it is out of range.
    pub(crate) fn push(
        &mut self,
        id: EventId,
        position: u64,
        recorded_at: i64,
        head: &Head,
        body: &[u8],
    ) -> Option<u64> {
        let head = head.encode()?;
        let events = self.events.checked_add(1)?;
        if self.is_empty() {
            (self.first, self.recorded_at) = (position, recorded_at);
            self.continues = if id.index > 0 { *id.commit.as_bytes() } else { [0; 16] };
        } else {
            self.end_last(u16::try_from(self.bodies.len()).ok().filter(|end| *end < BEGINS)?);
        }
        self.events = events;
        self.begins = if id.index == 0 { BEGINS } else { 0 };
        self.heads.extend_from_slice(&head);
        self.bodies.extend_from_slice(body);
        Some(self.first)
    }

    /// Says where the last body ends.
    fn end_last(&mut self, end: u16) {
        let last = self.heads.len().saturating_sub(HEAD);
        let place = self.heads.get_mut(last..).and_then(<[u8]>::first_chunk_mut);
        if let Some(place) = place {
            *place = (end | self.begins).to_be_bytes();
        }
    }

    /// The columns of the row.
    pub(crate) fn columns(&mut self) -> (i64, u16, &[u8]) {
        self.end_last(0);
        self.row.clear();
        self.row.extend_from_slice(&self.recorded_at.to_be_bytes());
        self.row.extend_from_slice(&self.events.to_be_bytes());
        for part in [&self.continues[..], &self.heads, &self.bodies] {
            self.row.extend_from_slice(part);
        }
        (self.first.cast_signed(), self.events, &self.row)
    }

    /// Begins the next row. The last one was written as the last of the table.
    pub(crate) fn clear(&mut self) {
        // What does not fit where the last row is goes to a page of its own.
        let size = self.size();
        self.left = self.left.checked_sub(size).unwrap_or(PAGE.saturating_sub(size));
        self.events = 0;
        self.heads.clear();
        self.bodies.clear();
    }
}

/// A row, borrowed from the statement that stands on it: `block_columns.sql`.
pub(crate) struct Block<'r> {
    /// The position of its first event, which it is found by.
    pub(crate) first: u64,
    recorded_at: i64,
    continues: CommitId,
    heads: &'r [[u8; HEAD]],
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
        let events = usize::from(u16::from_be_bytes(*events));
        let (heads, bodies) = rest.split_at_checked(events.checked_mul(HEAD)?)?;
        let recorded_at = i64::from_be_bytes(*recorded_at);
        let continues = CommitId::from_bytes(*continues);
        Some(Self { first, recorded_at, continues, heads: heads.as_chunks().0, bodies })
    }

    /// The position of its last event.
    pub(crate) fn last(&self) -> u64 {
        let events = u64::try_from(self.heads.len()).unwrap_or(u64::MAX);
        self.first.saturating_add(events).saturating_sub(1)
    }

    /// The event at a position, `None` if it is not in this row.
    pub(crate) fn at_position(&self, position: u64) -> Result<Option<StoredEvent<'r>>, Fault> {
        let index = position.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        index.filter(|index| *index < self.heads.len()).map(|index| self.event(index)).transpose()
    }

    /// The event at a version of a stream, `None` if it is not in this row.
    pub(crate) fn of_stream(
        &self,
        stream: i64,
        version: u64,
    ) -> Result<Option<StoredEvent<'r>>, Fault> {
        let sought = Head { stream, version, kind: 0, lag: 0 }.encode();
        let Some(sought) = sought.as_ref().and_then(|head| head.get(2..11)) else {
            return Ok(None);
        };
        let index = self.heads.iter().position(|head| head.get(2..11) == Some(sought));
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
        let [_, _, s0, s1, s2, s3, v0, v1, v2, v3, v4, k0, k1, k2, lag @ ..] =
            self.heads.get(index)?;
        let bytes = self.bodies.get(self.begin(index)?..self.end(index)?)?;
        Some(StoredEvent {
            block: self.first,
            position,
            stream: u32::from_be_bytes([*s0, *s1, *s2, *s3]).into(),
            version: u64::from_be_bytes([0, 0, 0, *v0, *v1, *v2, *v3, *v4]),
            kind: u32::from_be_bytes([0, *k0, *k1, *k2]).into(),
            occurred_at: self.recorded_at.wrapping_sub(i64::from_be_bytes(*lag)),
            recorded_at: self.recorded_at,
            commit: self.commit_of(index)?,
            body: body::decode(bytes)?,
            bytes,
        })
    }

    /// The commit that an event is of: the last that has begun in this row, else the one that began
    /// before it.
    fn commit_of(&self, index: usize) -> Option<CommitId> {
        let begins = |[high, ..]: &[u8; HEAD]| high & BEGINS.to_be_bytes()[0] != 0;
        match self.heads.get(..=index)?.iter().rposition(begins) {
            Some(first) => body::commit_begun(self.bodies.get(self.begin(first)?..)?),
            None => Some(self.continues),
        }
    }

    fn begin(&self, index: usize) -> Option<usize> {
        index.checked_sub(1).map_or(Some(0), |before| self.end(before))
    }

    fn end(&self, index: usize) -> Option<usize> {
        if index + 1 == self.heads.len() {
            return Some(self.bodies.len());
        }
        let [high, low, ..] = self.heads.get(index)?;
        Some(usize::from(u16::from_be_bytes([*high, *low]) & !BEGINS))
    }

    /// The bytes of the row with another body for an event of it. `None` if they are too many.
    pub(crate) fn with_body(&self, position: u64, body: &[u8]) -> Option<Vec<u8>> {
        let changed = usize::try_from(position.checked_sub(self.first)?).ok()?;
        let (mut heads, mut bodies) = (self.heads.to_vec(), Vec::new());
        let last = heads.len().checked_sub(1)?;
        for (index, head) in heads.iter_mut().enumerate() {
            let old = self.bodies.get(self.begin(index)?..self.end(index)?)?;
            bodies.extend_from_slice(if index == changed { body } else { old });
            let place = head.first_chunk_mut()?;
            let begins = u16::from_be_bytes(*place) & BEGINS;
            let end = if index == last { 0 } else { u16::try_from(bodies.len()).ok()? };
            *place = (Some(end).filter(|end| *end < BEGINS)? | begins).to_be_bytes();
        }
        let mut bytes = self.recorded_at.to_be_bytes().to_vec();
        bytes.extend_from_slice(&u16::try_from(heads.len()).ok()?.to_be_bytes());
        bytes.extend_from_slice(self.continues.as_bytes());
        bytes.extend_from_slice(heads.as_flattened());
        bytes.append(&mut bodies);
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use vitae::store::{Digest, Payload};

    use super::*;
    use crate::body::{Opening, Place};
    use crate::sql;

    /// The body of an event of a commit, with a payload of so many bytes.
    fn body(commit: CommitId, index: u32, payload: usize) -> Vec<u8> {
        let header = vitae::store::EventHeader {
            position: 1,
            category: "a",
            stream: "b",
            version: 1,
            kind: "k",
            kind_version: 1,
            id: EventId { commit, index },
            occurred_at: 0,
            recorded_at: 0,
            correlation: commit.as_bytes(),
            causation: None,
            tags: &[],
            metadata: &[],
        };
        let place = match index {
            0 => Place::First(Opening { commit, digest: Digest(7), events: 9 }),
            later => Place::Later(later),
        };
        let mut bytes = Vec::new();
        body::encode(&mut bytes, &header, place, &Payload::from(vec![9; payload]));
        bytes
    }

    fn with_block(builder: &mut Builder, look: impl FnOnce(&Block<'_>)) {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql::FORMAT_1).unwrap();
        connection.execute(sql::INSERT_BLOCK, builder.columns()).unwrap();
        let mut select = connection.prepare(sql::LOG_FORWARDS).unwrap();
        let mut rows = select.query((1,)).unwrap();
        look(&Block::of(rows.next().unwrap().unwrap()).unwrap());
    }

    #[test]
    fn what_was_put_in_comes_out() {
        let [one, other] = [CommitId::from_bytes([1; 16]), CommitId::from_bytes([2; 16])];
        // The end of a commit, and the beginning of the next.
        let ids = [(one, 3), (one, 4), (other, 0), (other, 1)];
        let most =
            Head { stream: u32::MAX.into(), version: MAX_VERSION, kind: 0xff_ffff, lag: i64::MIN };
        let least = Head { stream: 1, version: 1, kind: 1, lag: 0 };
        let mut builder = Builder::default();
        for (at, (commit, index)) in ids.into_iter().enumerate() {
            let head = if at == 1 { most } else { least };
            let bytes = body(commit, index, at * 100);
            let (id, position) = (EventId { commit, index }, 10 + at as u64);
            assert_eq!(builder.push(id, position, -5, &head, &bytes), Some(10));
        }
        with_block(&mut builder, |block| {
            for (at, (commit, index)) in ids.into_iter().enumerate() {
                let event = block.at_position(10 + at as u64).unwrap().unwrap();
                let head = if at == 1 { most } else { least };
                assert_eq!((event.commit, event.body.place.index()), (commit, index));
                assert_eq!((event.stream, event.version), (head.stream, head.version));
                assert_eq!((event.kind, event.recorded_at), (head.kind, -5));
                assert_eq!(event.occurred_at, (-5_i64).wrapping_sub(head.lag));
                assert_eq!(event.bytes, body(commit, index, at * 100));
            }
            assert!(block.at_position(9).unwrap().is_none());
            assert!(block.at_position(14).unwrap().is_none());
            let found = block.of_stream(most.stream, MAX_VERSION).unwrap().unwrap();
            assert_eq!(found.position, 11);
            assert!(block.of_stream(most.stream, 1).unwrap().is_none());
        });
    }

    #[test]
    fn a_number_for_which_there_is_no_room_is_not_taken() {
        let id = EventId { commit: CommitId::from_bytes([1; 16]), index: 0 };
        let fits = Head { stream: 1, version: 1, kind: 1, lag: 0 };
        for head in [
            Head { stream: i64::from(u32::MAX) + 1, ..fits },
            Head { stream: -1, ..fits },
            Head { version: MAX_VERSION + 1, ..fits },
            Head { kind: 0x100_0000, ..fits },
        ] {
            assert_eq!(Builder::default().push(id, 1, 0, &head, &[]), None, "{head:?}");
        }
    }

    #[test]
    fn events_share_a_row_until_the_page_is_full() {
        let (commit, head) =
            (CommitId::from_bytes([1; 16]), Head { stream: 1, version: 1, kind: 1, lag: 0 });
        let bytes = body(commit, 1, 100);
        let mut builder = Builder::default();
        let mut rows = Vec::new();
        for position in 1..=100 {
            // Between two transactions a row ends, wherever the page does.
            if !builder.takes(0, bytes.len()) || position == 21 {
                rows.push(position);
                builder.columns();
                builder.clear();
            }
            builder.push(EventId { commit, index: 1 }, position, 0, &head, &bytes).unwrap();
        }
        let event = HEAD + bytes.len();
        let in_page = ((PAGE - ROW) / event) as u64;
        // The page that the first transaction has begun is filled by the second.
        let rest = ((PAGE - ROW - 20 * event - ROW) / event) as u64;
        assert!(rest > 0 && in_page > 20);
        assert_eq!(rows, [21, 21 + rest, 21 + rest + in_page, 21 + rest + 2 * in_page]);
        assert!(!builder.takes(1, 0), "another time needs another row");
    }
}
