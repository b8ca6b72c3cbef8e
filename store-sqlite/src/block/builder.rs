//! A row of events that is being put together.
//!
//! Owns how many events a row holds. Never writes it.

use vitae::EventId;

use super::widths::Widths;
use super::{BEGINS, Head};

/// What a page of SQLite's has room for, and what a row takes of it beside heads and bodies, at most:
/// its beginning, and what SQLite adds or keeps free.
pub(super) const PAGE: usize = 4_088;
pub(super) const ROW: usize = 62;

/// So little is left empty at the end of a page.
const REST: usize = 256;

#[derive(Default)]
pub(crate) struct Builder {
    first: u64,
    recorded_at: i64,
    continues: [u8; 16],
    widths: Widths,
    /// Each event and where its body ends, with the mark of one that begins a commit.
    heads: Vec<(Head, u16)>,
    bodies: Vec<u8>,
    row: Vec<u8>,
    /// How much room the page is thought to have that the last row went to. If it has less, its rest
    /// stays empty.
    left: usize,
}

impl Builder {
    pub(crate) const fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Whether an event with a body of so many bytes belongs into the row.
    pub(crate) fn takes(&self, recorded_at: i64, head: &Head, body: usize) -> bool {
        let room = if self.left < REST { PAGE } else { self.left };
        let widths = Widths::of(head).map_or(self.widths, |needed| self.widths.max(needed));
        let bytes = Self::size(widths, self.heads.len() + 1, self.bodies.len() + body);
        self.is_empty() || (self.recorded_at == recorded_at && bytes <= room)
    }

    /// The bytes of its page that a row takes.
    fn size(widths: Widths, events: usize, bodies: usize) -> usize {
        ROW + events.saturating_mul(widths.head()) + bodies
    }

    /// Adds the next event, and says what the row is found by: the position of its first event. `None`
    /// if a number of it is out of range.
    pub(crate) fn push(
        &mut self,
        id: EventId,
        position: u64,
        recorded_at: i64,
        head: Head,
        body: &[u8],
    ) -> Option<u64> {
        let widths = Widths::of(&head)?;
        if self.is_empty() {
            (self.first, self.recorded_at) = (position, recorded_at);
            self.continues = if id.index > 0 { *id.commit.as_bytes() } else { [0; 16] };
            self.widths = widths;
        } else {
            // The body before must end where a head can say so.
            u16::try_from(self.bodies.len()).ok().filter(|end| *end < BEGINS)?;
            u16::try_from(self.heads.len() + 1).ok()?;
        }
        self.widths = self.widths.max(widths);
        self.bodies.extend_from_slice(body);
        // The last one's end is not looked at, and may be beyond.
        let end = u16::try_from(self.bodies.len()).unwrap_or_default() & !BEGINS;
        self.heads.push((head, end | if id.index == 0 { BEGINS } else { 0 }));
        Some(self.first)
    }

    /// The columns of the row.
    pub(crate) fn columns(&mut self) -> (i64, u16, &[u8]) {
        let events = u16::try_from(self.heads.len()).unwrap_or(u16::MAX);
        self.row.clear();
        self.row.extend_from_slice(&self.recorded_at.to_be_bytes());
        self.row.extend_from_slice(&events.to_be_bytes());
        self.row.extend_from_slice(&self.continues);
        self.row.extend_from_slice(&self.widths.to_bytes());
        if let Some((_, end)) = self.heads.last_mut() {
            *end &= BEGINS;
        }
        for (head, end) in &self.heads {
            self.widths.encode(*end, head, &mut self.row);
        }
        self.row.extend_from_slice(&self.bodies);
        (self.first.cast_signed(), events, &self.row)
    }

    /// Begins the next row. The last one was written as the last of the table.
    pub(crate) fn clear(&mut self) {
        // What does not fit where the last row is goes to a page of its own.
        let size = Self::size(self.widths, self.heads.len(), self.bodies.len());
        self.left = self.left.checked_sub(size).unwrap_or(PAGE.saturating_sub(size));
        self.heads.clear();
        self.bodies.clear();
    }
}
