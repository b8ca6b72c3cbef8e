//! How many bytes the numbers of an event take in a row: as many as the largest of that row needs.
//!
//! Owns the encoding of heads, which is part of the format. Never trusts what it reads.
//!
//! ```text
//! stream and version, 4 bits each · kind and lag, 4 bits each
//! ```

use super::Head;
use crate::body::{fold, unfold};

/// The most that there is room for.
const STREAM: u8 = 4;
const VERSION: u8 = 5;
const KIND: u8 = 3;
const LAG: u8 = 8;

/// A stream and a version together.
const LIFE: usize = 9;

/// Of the end of the body, which stands before them.
const END: usize = 2;

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Widths {
    stream: u8,
    version: u8,
    kind: u8,
    lag: u8,
}

impl Widths {
    /// What an event needs. `None` if a number is larger than there is room for.
    pub(super) fn of(head: &Head) -> Option<Self> {
        let stream = u64::try_from(head.stream).ok()?;
        let kind = u64::try_from(head.kind).ok()?;
        let needs = |number, most| Some(width(number)).filter(|width| *width <= most);
        Some(Self {
            stream: needs(stream, STREAM)?,
            version: needs(head.version, VERSION)?,
            kind: needs(kind, KIND)?,
            lag: width(fold(head.lag)),
        })
    }

    /// What both need.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            stream: self.stream.max(other.stream),
            version: self.version.max(other.version),
            kind: self.kind.max(other.kind),
            lag: self.lag.max(other.lag),
        }
    }

    pub(super) fn from_bytes([life, event]: [u8; 2]) -> Option<Self> {
        let widths =
            Self { stream: life >> 4, version: life & 15, kind: event >> 4, lag: event & 15 };
        let fits = widths.stream <= STREAM
            && widths.version <= VERSION
            && widths.kind <= KIND
            && widths.lag <= LAG;
        fits.then_some(widths)
    }

    pub(super) const fn to_bytes(self) -> [u8; 2] {
        [(self.stream << 4) | self.version, (self.kind << 4) | self.lag]
    }

    /// The bytes of what stands of each event before the bodies.
    pub(super) fn head(self) -> usize {
        let numbers = [self.stream, self.version, self.kind, self.lag];
        numbers.into_iter().map(usize::from).fold(END, usize::saturating_add)
    }

    /// Puts down an event with the end of its body.
    pub(super) fn encode(self, end: u16, head: &Head, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&end.to_be_bytes());
        for (number, width) in [
            (head.stream.cast_unsigned(), self.stream),
            (head.version, self.version),
            (head.kind.cast_unsigned(), self.kind),
            (fold(head.lag), self.lag),
        ] {
            push(number, width, bytes);
        }
    }

    /// Takes down what [`encode`](Self::encode) has put, apart from the end.
    pub(super) fn decode(self, head: &[u8]) -> Option<Head> {
        let (_, rest) = head.split_at_checked(END)?;
        let (stream, rest) = take(rest, self.stream)?;
        let (version, rest) = take(rest, self.version)?;
        let (kind, rest) = take(rest, self.kind)?;
        let (lag, _) = take(rest, self.lag)?;
        let (stream, kind) = (stream.cast_signed(), kind.cast_signed());
        Some(Head { stream, version, kind, lag: unfold(lag) })
    }

    /// How a stream and a version stand in a head, `None` if they are too large to be in one.
    pub(super) fn life(self, stream: i64, version: u64) -> Option<Life> {
        let stream = u64::try_from(stream).ok()?;
        if width(stream) > self.stream || width(version) > self.version {
            return None;
        }
        let mut life = Life { bytes: [0; LIFE], length: (self.stream + self.version).into() };
        let (of_stream, of_version) = life.bytes.split_at_mut(self.stream.into());
        of_stream.copy_from_slice(last_bytes(&stream.to_be_bytes(), self.stream));
        let of_version = of_version.get_mut(..self.version.into())?;
        of_version.copy_from_slice(last_bytes(&version.to_be_bytes(), self.version));
        Some(life)
    }

    /// Whether a head is that of an event of a stream at a version.
    pub(super) fn is_of(self, head: &[u8], life: &Life) -> bool {
        head.get(END..END + life.length) == life.bytes.get(..life.length)
    }
}

/// A stream and a version as they stand in a head.
pub(super) struct Life {
    bytes: [u8; LIFE],
    length: usize,
}

/// How many bytes a number takes.
fn width(number: u64) -> u8 {
    let empty = number.leading_zeros() / 8;
    u8::try_from(8_u32.saturating_sub(empty)).unwrap_or(LAG)
}

fn push(number: u64, width: u8, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(last_bytes(&number.to_be_bytes(), width));
}

/// The last bytes of a number, 8 at the most.
fn last_bytes(number: &[u8; 8], width: u8) -> &[u8] {
    let (_, last) = number.split_at(number.len() - usize::from(width.min(LAG)));
    last
}

fn take(bytes: &[u8], width: u8) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_at_checked(width.into())?;
    Some((number.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)), rest))
}
