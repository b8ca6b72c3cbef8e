//! Several events in one row: of each its stream, version, time and where its body ends, then the bodies.

use rusqlite::Row;
use store_jobs::Failure;
use store_raw::New;

use crate::body::{self, Body};

const HEAD: usize = 22;

/// A page of SQLite's, what of it a row takes beside its events, and what may be left of one.
const PAGE: usize = 4_088;
const ROW: usize = 60;
const REST: usize = 256;

/// A row that is being put together.
#[derive(Default)]
pub struct Builder {
    pub first: i64,
    recorded_at: i64,
    events: u16,
    heads: Vec<u8>,
    bodies: Vec<u8>,
    row: Vec<u8>,
    left: usize,
}

/// What stands of an event before the bodies.
pub struct Head {
    pub stream: i64,
    pub version: u64,
    pub kind: i64,
    pub occurred_at: i64,
}

impl Builder {
    pub fn is_empty(&self) -> bool {
        self.events == 0
    }

    pub fn has_room(&self, new: &New<'_>) -> bool {
        let room = if self.left < REST { PAGE } else { self.left };
        self.is_empty() || self.size() + HEAD + body::BOUND + new.payload.len() <= room
    }

    fn size(&self) -> usize {
        ROW + self.heads.len() + self.bodies.len()
    }

    pub fn push(&mut self, position: i64, recorded_at: i64, head: &Head, new: &New<'_>) {
        if self.is_empty() {
            (self.first, self.recorded_at) = (position, recorded_at);
        }
        body::write(new, &mut self.bodies);
        self.events += 1;
        let end = self.bodies.len() as u16;
        self.heads.extend_from_slice(&end.to_be_bytes());
        self.heads.extend_from_slice(&(head.stream as u32).to_be_bytes());
        self.heads.extend_from_slice(&head.version.to_be_bytes()[3..]);
        self.heads.extend_from_slice(&(head.kind as u32).to_be_bytes()[1..]);
        self.heads.extend_from_slice(&(recorded_at - head.occurred_at).to_be_bytes());
    }

    /// The columns, and the next row is begun.
    pub fn take(&mut self) -> (i64, u16, &[u8]) {
        let size = self.size();
        self.left = self.left.checked_sub(size).unwrap_or(PAGE.saturating_sub(size));
        self.row.clear();
        self.row.extend_from_slice(&self.recorded_at.to_be_bytes());
        self.row.extend_from_slice(&self.events.to_be_bytes());
        self.row.append(&mut self.heads);
        self.row.append(&mut self.bodies);
        (self.first, std::mem::take(&mut self.events), &self.row)
    }
}

/// An event of a row.
pub struct Event<'r> {
    pub position: i64,
    pub stream: i64,
    pub version: i64,
    pub kind: u32,
    pub occurred_at: i64,
    pub recorded_at: i64,
    pub body: Body<'r>,
}

/// A row: position and body are its columns.
pub struct Block<'r> {
    first: i64,
    recorded_at: i64,
    heads: &'r [[u8; HEAD]],
    bodies: &'r [u8],
}

impl<'r> Block<'r> {
    pub fn read(row: &'r Row<'_>) -> Result<Self, Failure> {
        let (first, bytes) = (row.get_ref(0)?.as_i64()?, row.get_ref(1)?.as_blob()?);
        Self::parse(first, bytes).ok_or_else(|| "a row of events is damaged".into())
    }

    fn parse(first: i64, bytes: &'r [u8]) -> Option<Self> {
        let (recorded_at, rest) = bytes.split_first_chunk()?;
        let (events, rest) = rest.split_first_chunk()?;
        let events = usize::from(u16::from_be_bytes(*events));
        let (heads, bodies) = rest.split_at_checked(events * HEAD)?;
        let recorded_at = i64::from_be_bytes(*recorded_at);
        Some(Self { first, recorded_at, heads: heads.as_chunks().0, bodies })
    }

    pub fn events(&self) -> impl Iterator<Item = Result<Event<'r>, Failure>> {
        (0..self.heads.len()).map(|index| self.event(index))
    }

    /// Hands on the events of a stream.
    pub fn of_stream(&self, stream: i64) -> impl Iterator<Item = Result<Event<'r>, Failure>> {
        let sought = (stream as u32).to_be_bytes();
        let of_stream = move |index: &usize| self.heads[*index][2..6] == sought;
        (0..self.heads.len()).filter(of_stream).map(|index| self.event(index))
    }

    fn event(&self, index: usize) -> Result<Event<'r>, Failure> {
        let end = |index: usize| {
            let [high, low, ..] = self.heads[index];
            usize::from(u16::from_be_bytes([high, low]))
        };
        let begin = index.checked_sub(1).map_or(0, end);
        let bytes = self.bodies.get(begin..end(index)).ok_or("a body is missing")?;
        let [_, _, s0, s1, s2, s3, v0, v1, v2, v3, v4, k0, k1, k2, lag @ ..] = self.heads[index];
        Ok(Event {
            position: self.first + index as i64,
            stream: u32::from_be_bytes([s0, s1, s2, s3]).into(),
            version: i64::from_be_bytes([0, 0, 0, v0, v1, v2, v3, v4]),
            kind: u32::from_be_bytes([0, k0, k1, k2]),
            occurred_at: self.recorded_at - i64::from_be_bytes(lag),
            recorded_at: self.recorded_at,
            body: Body::read(bytes)?,
        })
    }
}
