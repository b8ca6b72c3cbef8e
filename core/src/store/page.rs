//! A page of events: an arena that is filled, read and filled again, without an allocation per
//! event.

use std::ops::Range;

use super::fields::Texts;
use super::{Checksum, Damage, EventHeader, PayloadDigest, Read, ReadError, Selection};
use crate::id::{CommitId, CorrelationId, EventId};
use crate::number::{GlobalPosition, KindVersion, StreamVersion};
use crate::time::Timestamp;

/// A page of events, filled by [`EventStore::read`](super::EventStore::read).
///
/// Keep one and use it again: its memory is kept too.
#[derive(Default, Debug)]
pub struct Page {
    bytes: Vec<u8>,
    texts: String,
    events: Vec<Entry>,
    more: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    position: GlobalPosition,
    version: StreamVersion,
    kind_version: KindVersion,
    id: EventId,
    correlation: CorrelationId,
    causation: Option<EventId>,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    checksum: Checksum,
    payload_digest: PayloadDigest,
    category: Range<usize>,
    stream: Range<usize>,
    kind: Range<usize>,
    tags: Range<usize>,
    metadata: Range<usize>,
    payload: Option<Range<usize>>,
}

impl Page {
    /// An empty page.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The events, in the order of the read.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = EventRef<'_>> + ExactSizeIterator {
        self.events.iter().map(|entry| EventRef { entry, bytes: &self.bytes, texts: &self.texts })
    }

    /// How many events the page holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether the page holds no event.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether nothing stood behind this page when it was filled.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        !self.more
    }

    /// The read that goes on where this page ends, or `None` if it was the last.
    #[must_use]
    pub fn next_read(&self, read: &Read) -> Option<Read> {
        let last = self.events.last().filter(|_| self.more)?;
        let forwards = read.direction == super::Direction::Forwards;
        let mut next = read.clone();
        match &mut next.selection {
            Selection::Stream { from, .. } => {
                let version = last.version;
                *from = Some(if forwards { version.next() } else { version.previous() }?);
            }
            Selection::Log { from, .. } => {
                let position = last.position;
                *from = Some(if forwards { position.next() } else { position.previous() }?);
            }
        }
        Some(next)
    }

    /// Empties the page for a read. For stores.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.texts.clear();
        self.events.clear();
        self.more = false;
    }

    /// Whether the page has no room for another event of a read. For stores.
    #[must_use]
    pub const fn is_full(&self, read: &Read) -> bool {
        !self.events.is_empty()
            && (self.events.len() >= read.max_events
                || self.bytes.len() + self.texts.len() >= read.max_bytes)
    }

    /// Says that something stands behind this page. For stores.
    pub const fn set_more(&mut self) {
        self.more = true;
    }

    /// Adds an event after checking it against its checksum. For stores.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] if the checksum does not fit or a number is out of range.
    pub fn push(
        &mut self,
        header: &EventHeader<'_>,
        payload: Result<&[u8], PayloadDigest>,
        checksum: Checksum,
    ) -> Result<(), ReadError> {
        let (digest, present) = match payload {
            Ok(bytes) => (PayloadDigest::of(bytes), Some(bytes)),
            Err(digest) => (digest, None),
        };
        let Some(position) = GlobalPosition::new(header.position) else {
            return Err(ReadError::Damaged(Damage::elsewhere("an event has position 0")));
        };
        let damaged = |reason: &str| ReadError::Damaged(Damage::at(position, reason));
        if header.checksum(digest) != checksum {
            return Err(damaged("the event does not fit its checksum"));
        }
        let version = StreamVersion::new(header.version);
        let kind_version = KindVersion::new(header.kind_version);
        let (Some(version), Some(kind_version)) = (version, kind_version) else {
            return Err(damaged("a version is 0"));
        };
        let entry = Entry {
            position,
            version,
            kind_version,
            id: header.id,
            correlation: CommitId::from_bytes(*header.correlation),
            causation: header.causation,
            occurred_at: Timestamp::from_micros(header.occurred_at),
            recorded_at: Timestamp::from_micros(header.recorded_at),
            checksum,
            payload_digest: digest,
            category: self.store_text(header.category),
            stream: self.store_text(header.stream),
            kind: self.store_text(header.kind),
            tags: self.store(header.tags),
            metadata: self.store(header.metadata),
            payload: present.map(|bytes| self.store(bytes)),
        };
        self.events.push(entry);
        Ok(())
    }

    /// Adds a copy of an event of another page, to keep it beyond that page's next filling.
    pub fn keep(&mut self, event: &EventRef<'_>) {
        let entry = Entry {
            category: self.store_text(event.category()),
            stream: self.store_text(event.stream()),
            kind: self.store_text(event.kind()),
            tags: self.store(event.slice(&event.entry.tags)),
            metadata: self.store(event.slice(&event.entry.metadata)),
            payload: event.payload().ok().map(|bytes| self.store(bytes)),
            ..event.entry.clone()
        };
        self.events.push(entry);
    }

    fn store(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    fn store_text(&mut self, text: &str) -> Range<usize> {
        let start = self.texts.len();
        self.texts.push_str(text);
        start..self.texts.len()
    }
}

/// An event of a page.
#[derive(Clone, Copy, Debug)]
pub struct EventRef<'a> {
    entry: &'a Entry,
    bytes: &'a [u8],
    texts: &'a str,
}

/// The payload of this event was erased. Everything else about it is still there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the payload was erased")]
pub struct Erased;

impl<'a> EventRef<'a> {
    /// The place in the log.
    #[must_use]
    pub const fn position(&self) -> GlobalPosition {
        self.entry.position
    }

    /// The stream's category.
    #[must_use]
    pub fn category(&self) -> &'a str {
        self.text(&self.entry.category)
    }

    /// The stream's id within the category.
    #[must_use]
    pub fn stream(&self) -> &'a str {
        self.text(&self.entry.stream)
    }

    /// The place in the stream.
    #[must_use]
    pub const fn version(&self) -> StreamVersion {
        self.entry.version
    }

    /// The kind's stored name.
    #[must_use]
    pub fn kind(&self) -> &'a str {
        self.text(&self.entry.kind)
    }

    /// The version of the payload.
    #[must_use]
    pub const fn kind_version(&self) -> KindVersion {
        self.entry.kind_version
    }

    /// The event's identity.
    #[must_use]
    pub const fn id(&self) -> EventId {
        self.entry.id
    }

    /// What it belongs to.
    #[must_use]
    pub const fn correlation(&self) -> CorrelationId {
        self.entry.correlation
    }

    /// The event that caused it.
    #[must_use]
    pub const fn causation(&self) -> Option<EventId> {
        self.entry.causation
    }

    /// When it happened, as its recorder says.
    #[must_use]
    pub const fn occurred_at(&self) -> Timestamp {
        self.entry.occurred_at
    }

    /// When the store took it, by the store's clock.
    #[must_use]
    pub const fn recorded_at(&self) -> Timestamp {
        self.entry.recorded_at
    }

    /// The checksum, as it is stored.
    #[must_use]
    pub const fn checksum(&self) -> Checksum {
        self.entry.checksum
    }

    /// The tags, in the order in which they were given.
    pub fn tags(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        Texts(self.slice(&self.entry.tags))
    }

    /// The metadata, ordered by key.
    pub fn metadata(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut texts = Texts(self.slice(&self.entry.metadata));
        std::iter::from_fn(move || Some((texts.next()?, texts.next()?)))
    }

    /// The encoded payload.
    ///
    /// # Errors
    /// [`Erased`] if it was erased.
    pub fn payload(&self) -> Result<&'a [u8], Erased> {
        self.entry.payload.as_ref().map(|range| self.slice(range)).ok_or(Erased)
    }

    /// The digest of the payload, whether it is still there or was erased.
    #[must_use]
    pub const fn payload_digest(&self) -> PayloadDigest {
        self.entry.payload_digest
    }

    fn slice(&self, range: &Range<usize>) -> &'a [u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    fn text(&self, range: &Range<usize>) -> &'a str {
        self.texts.get(range.clone()).unwrap_or_default()
    }
}
