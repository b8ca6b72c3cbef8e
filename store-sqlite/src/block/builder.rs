//! A row of events that is being put together.
//!
//! Owns how many events a row holds. Never writes it.

use vitae::EventId;

use super::{BEGINS, HEAD, Head};

/// What a page of SQLite's has room for, and what a row takes of it beside heads and bodies, at most:
/// its beginning, and what SQLite adds or keeps free.
pub(super) const PAGE: usize = 4_088;
pub(super) const ROW: usize = 60;

/// So little is left empty at the end of a page.
const REST: usize = 256;

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
