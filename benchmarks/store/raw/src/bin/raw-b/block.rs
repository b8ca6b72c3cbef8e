//! Several events in one row: how many bytes their numbers take, which is what the largest of the row needs,
//! of each event where its body ends and these numbers, then the bodies.

use std::array::from_fn;
use std::ops::RangeInclusive;

use rusqlite::{Connection, Row};
use store_jobs::Failure;
use store_raw::New;

use crate::body::{self, Body};
use crate::number::{fold, unfold};

/// Where a body ends.
const END: usize = 2;

/// A page of SQLite's, what of it a row takes beside its events, and what may be left of one.
const PAGE: usize = 4_088;
const ROW: usize = 46;
const REST: usize = 256;

/// A row that is being put together.
#[derive(Default)]
pub struct Builder {
    pub first: i64,
    recorded_at: i64,
    /// Of each event where its body ends, and its numbers.
    heads: Vec<(u16, [u64; 4])>,
    widths: [u8; 4],
    bodies: Vec<u8>,
    row: Vec<u8>,
    left: usize,
}

/// What stands of an event before the bodies.
pub struct Head {
    pub stream: i64,
    pub version: u64,
    pub kind: i64,
    /// How much earlier the event occurred than it was recorded.
    pub lag: i64,
}

impl Head {
    fn numbers(&self) -> [u64; 4] {
        [self.stream.cast_unsigned(), self.version, self.kind.cast_unsigned(), fold(self.lag)]
    }
}

/// The widths of a row that has such numbers too.
fn wider(widths: [u8; 4], numbers: [u64; 4]) -> [u8; 4] {
    from_fn(|index| widths[index].max(8 - numbers[index].leading_zeros() as u8 / 8))
}

/// The bytes of what stands of an event before the bodies.
fn head_size(widths: [u8; 4]) -> usize {
    END + widths.map(usize::from).iter().sum::<usize>()
}

impl Builder {
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    pub fn has_room(&self, head: &Head, new: &New<'_>) -> bool {
        let room = if self.left < REST { PAGE } else { self.left };
        let heads = (self.heads.len() + 1) * head_size(wider(self.widths, head.numbers()));
        self.is_empty() || ROW + heads + self.bodies.len() + body::size(new) <= room
    }

    pub fn push(&mut self, position: i64, recorded_at: i64, head: &Head, new: &New<'_>) {
        if self.is_empty() {
            (self.first, self.recorded_at, self.widths) = (position, recorded_at, [0; 4]);
        }
        let numbers = head.numbers();
        self.widths = wider(self.widths, numbers);
        body::write(new, &mut self.bodies);
        self.heads.push((self.bodies.len() as u16, numbers));
    }

    /// The columns, and the next row is begun.
    pub fn take(&mut self) -> (i64, u16, &[u8]) {
        let events = self.heads.len();
        let size = ROW + events * head_size(self.widths) + self.bodies.len();
        self.left = self.left.checked_sub(size).unwrap_or(PAGE.saturating_sub(size));
        let [stream, version, kind, lag] = self.widths;
        self.row.clear();
        self.row.extend_from_slice(&self.recorded_at.to_be_bytes());
        self.row.extend_from_slice(&(events as u16).to_be_bytes());
        self.row.extend_from_slice(&[stream << 4 | version, kind << 4 | lag]);
        for (end, numbers) in self.heads.drain(..) {
            self.row.extend_from_slice(&end.to_be_bytes());
            for (number, width) in numbers.into_iter().zip(self.widths) {
                self.row.extend_from_slice(&number.to_be_bytes()[8 - usize::from(width)..]);
            }
        }
        self.row.append(&mut self.bodies);
        (self.first, events as u16, &self.row)
    }
}

/// An event of a row.
pub struct Event<'r> {
    pub position: i64,
    pub version: u64,
    pub kind: u64,
    pub stream: i64,
    pub occurred_at: i64,
    pub recorded_at: i64,
    pub bytes: &'r [u8],
    pub body: Body<'r>,
}

/// A row: position and body are its columns.
pub struct Block<'r> {
    first: i64,
    recorded_at: i64,
    widths: [usize; 4],
    /// Of each head.
    size: usize,
    events: usize,
    heads: &'r [u8],
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
        let ([life, event], rest) = rest.split_first_chunk()?;
        let widths = [life >> 4, life & 15, event >> 4, event & 15];
        let events = usize::from(u16::from_be_bytes(*events));
        let size = head_size(widths);
        let (heads, bodies) = rest.split_at_checked(events * size)?;
        let (recorded_at, widths) = (i64::from_be_bytes(*recorded_at), widths.map(usize::from));
        Some(Self { first, recorded_at, widths, size, events, heads, bodies })
    }

    pub fn events(&self) -> impl Iterator<Item = Result<Event<'r>, Failure>> {
        (0..self.events).map(|index| self.event(index))
    }

    /// Hands on the events of a stream at some versions.
    fn of_stream(
        &self,
        stream: i64,
        versions: &RangeInclusive<u64>,
    ) -> impl Iterator<Item = Result<Event<'r>, Failure>> {
        let [in_stream, in_version, ..] = self.widths;
        let sought = move |index: &usize| {
            let (of_stream, rest) = self.head(*index)[END..].split_at(in_stream);
            number(of_stream) == stream.cast_unsigned()
                && versions.contains(&number(&rest[..in_version]))
        };
        (0..self.events).filter(sought).map(|index| self.event(index))
    }

    fn head(&self, index: usize) -> &'r [u8] {
        &self.heads[index * self.size..][..self.size]
    }

    fn event(&self, index: usize) -> Result<Event<'r>, Failure> {
        let end = |index| number(&self.head(index)[..END]) as usize;
        let begin = index.checked_sub(1).map_or(0, end);
        let bytes = self.bodies.get(begin..end(index)).ok_or("a body is missing")?;
        let mut rest = &self.head(index)[END..];
        let [stream, version, kind, lag] = self.widths.map(|width| {
            let (first, others) = rest.split_at(width);
            rest = others;
            number(first)
        });
        Ok(Event {
            position: self.first + index as i64,
            version,
            kind,
            stream: stream.cast_signed(),
            occurred_at: self.recorded_at - unfold(lag),
            recorded_at: self.recorded_at,
            bytes,
            body: Body::read(bytes)?,
        })
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Hands on the events of a stream at some versions, out of the blocks that they stand in.
pub fn of_stream(
    connection: &Connection,
    stream: i64,
    blocks: &[i64],
    versions: &RangeInclusive<u64>,
    mut each: impl FnMut(&Event<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut select =
        connection.prepare_cached("SELECT position, body FROM blocks WHERE position = ?1")?;
    for same in blocks.chunk_by(|one, other| one == other) {
        let mut rows = select.query([same[0]])?;
        let row = rows.next()?.ok_or("an event is missing")?;
        for event in Block::read(row)?.of_stream(stream, versions) {
            each(&event?)?;
        }
    }
    Ok(())
}
