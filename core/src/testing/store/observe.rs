//! What a reader sees.

use crate::store::{EventRef, EventStore, Page, Query, Read};

/// An event as a reader saw it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Its position in the log, counted from 1.
    pub position: u64,
    /// Its version in the stream, counted from 1.
    pub version: u64,
    /// Its stream, as `category/id`.
    pub stream: String,
    /// Its kind's stored name.
    pub kind: String,
    /// Its tags, in the order in which they were given.
    pub tags: Vec<String>,
    /// Its payload; empty if it was erased.
    pub payload: Vec<u8>,
}

impl Seen {
    /// Whether a query selects the event.
    #[must_use]
    pub fn matches(&self, query: &Query) -> bool {
        let category = self.stream.split_once('/').map_or("", |(category, _)| category);
        query.matches(category, &self.kind, self.tags.iter().map(String::as_str))
    }
}

impl From<EventRef<'_>> for Seen {
    fn from(event: EventRef<'_>) -> Self {
        Self {
            position: event.position().get(),
            version: event.version().get(),
            stream: format!("{}/{}", event.category(), event.stream()),
            kind: event.kind().to_owned(),
            tags: event.tags().map(str::to_owned).collect(),
            payload: event.payload().unwrap_or_default().to_vec(),
        }
    }
}

/// Everything that a read selects, page after page.
///
/// # Panics
/// If the store cannot be read, or breaks what holds of a page.
#[must_use]
#[track_caller]
pub fn read_pages(store: &dyn EventStore, read: Read) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut page = Page::new();
    let mut next = Some(read);
    while let Some(read) = next {
        store.read(&read, &mut page).unwrap();
        assert!(page.len() <= read.max_events, "a page has too many events");
        assert!(page.is_last() || !page.is_empty(), "an empty page promises more");
        seen.extend(page.iter().map(Seen::from));
        next = page.next_read(&read);
    }
    seen
}

/// The whole log.
///
/// # Panics
/// As [`read_pages`].
#[must_use]
#[track_caller]
pub fn read_all(store: &dyn EventStore) -> Vec<Seen> {
    read_pages(store, Read::log(Query::all()))
}
