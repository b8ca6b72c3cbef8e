//! A reader that follows the log.
//!
//! Owns the order of reading and waiting, in which nothing falls between. Never polls, and never
//! keeps more than the page that it hands out.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

#[cfg(feature = "tokio")]
use super::Past;
use super::{Changes, EventStore, Page, Query, Read, ReadError, Selection};
use crate::name::StreamId;
use crate::number::{GlobalPosition, StreamVersion};

/// The events that match a query, or those of one stream, from a position on: first what is on the
/// log, then what comes.
///
/// It is the log, read by position: in order, nothing left out and nothing twice. As an iterator it
/// hands out pages, none of them empty, and blocks while there is nothing new. It never ends by
/// itself: only with an error, and then for good. What stands before damage comes first. Subscribe
/// again after its [`position`](Self::position) to go on: it is a place in the log, for a stream too.
///
/// It does not keep the store open. When the last handle is gone it ends with [`ReadError::Closed`].
///
/// ```
/// use std::sync::Arc;
/// use vitae::MemoryStore;
/// use vitae::store::{EventStore, Query, ReadError, Subscription};
///
/// let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
/// let mut subscription = Subscription::new(&store, Query::all(), None);
/// let reader = std::thread::spawn(move || subscription.next());
/// drop(store);
/// assert!(matches!(reader.join().unwrap(), Some(Err(ReadError::Closed))));
/// ```
pub struct Subscription {
    store: Weak<dyn EventStore>,
    changes: Changes,
    /// What it reads. For a stream, once it has begun, with the version that comes next.
    read: Read,
    seen: Option<GlobalPosition>,
    ended: bool,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("read", &self.read)
            .field("position", &self.seen)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Subscription {
    /// Follows a log after a position, exclusive; `None` is the beginning. After the
    /// [`head`](EventStore::head) of now, only what comes.
    #[must_use]
    pub fn new(store: &Arc<dyn EventStore>, query: Query, after: Option<GlobalPosition>) -> Self {
        Self::reading(store, Read::log(query), after)
    }

    /// Follows one stream, after a position of the log, exclusive; `None` is the stream's beginning.
    ///
    /// Only the stream is read, however long the log is. To find its first event after the position,
    /// single events of it are looked at: one for each doubling of the position, at the most.
    #[must_use]
    pub fn of_stream(
        store: &Arc<dyn EventStore>,
        stream: StreamId,
        after: Option<GlobalPosition>,
    ) -> Self {
        Self::reading(store, Read::stream(stream), after)
    }

    fn reading(store: &Arc<dyn EventStore>, read: Read, after: Option<GlobalPosition>) -> Self {
        let (changes, store) = (store.changes(), Arc::downgrade(store));
        Self { store, changes, read, seen: after, ended: false }
    }

    /// At most this many events a page, 1,024 unless set; 0 is taken as 1.
    #[must_use]
    pub fn page_of(mut self, events: usize) -> Self {
        self.read = self.read.page_of(events);
        self
    }

    /// How far it has come: every event up to here was handed out, or does not match.
    #[must_use]
    pub const fn position(&self) -> Option<GlobalPosition> {
        self.seen
    }

    /// The next page, but waits for it no longer than this: then `None`, and nothing is lost. With
    /// [`Duration::ZERO`], what is there now.
    ///
    /// # Errors
    /// What ends it, and from then on [`ReadError::Closed`].
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<Page>, ReadError> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            if let Some(page) = self.read()? {
                return Ok(Some(page));
            }
            let left = deadline.map_or(Duration::MAX, |at| at.duration_since(Instant::now()));
            let waited = self.changes.wait_past_timeout(self.seen, left);
            if self.or_end(waited)?.is_none() {
                return Ok(None);
            }
        }
    }

    /// The next page that is there already, `None` once everything there was read.
    pub(crate) fn read(&mut self) -> Result<Option<Page>, ReadError> {
        if self.ended {
            return Err(ReadError::Closed);
        }
        let page = self.fill();
        self.or_end(page)
    }

    fn fill(&mut self) -> Result<Option<Page>, ReadError> {
        let store = self.store.upgrade().ok_or(ReadError::Closed)?;
        // Asked before the log is: what the read does not find up to here does not match.
        let head = self.changes.head();
        let Some(read) = self.next_read(store.as_ref())? else {
            return Ok(None);
        };
        let mut page = Page::new();
        let outcome = store.read(&read, &mut page);
        self.read = read;
        let last = page.iter().next_back().map(|event| (event.position(), event.version().next()));
        if let Some((position, next)) = last {
            self.seen = Some(position);
            if let Selection::Stream { from, .. } = &mut self.read.selection {
                *from = next;
            }
            // Should the read have ended early, the next one begins where it did.
            return Ok(Some(page));
        }
        outcome?;
        self.seen = self.seen.max(head);
        Ok(None)
    }

    /// The read of what comes next; `None` after the largest position, behind which nothing comes.
    fn next_read(&self, store: &dyn EventStore) -> Result<Option<Read>, ReadError> {
        let Some(next) = self.seen.map_or(Some(GlobalPosition::FIRST), GlobalPosition::next) else {
            return Ok(None);
        };
        let read = self.read.clone();
        Ok(match (&read.selection, self.seen) {
            (Selection::Log { .. }, _) => Some(read.from_position(next)),
            (Selection::Stream { from: Some(_), .. }, _) | (Selection::Stream { .. }, None) => {
                Some(read)
            }
            (Selection::Stream { id, from: None }, Some(seen)) => {
                let first = first_behind(store, id, seen)?;
                first.map(|first| read.from_version(first))
            }
        })
    }

    /// Waits until there may be more.
    #[cfg(feature = "tokio")]
    pub(crate) fn more(&self) -> Past {
        self.changes.past(self.seen)
    }

    /// An error is the last thing that it says.
    fn or_end<T>(&mut self, outcome: Result<T, ReadError>) -> Result<T, ReadError> {
        self.ended |= outcome.is_err();
        outcome
    }
}

impl Iterator for Subscription {
    type Item = Result<Page, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            if let Some(item) = self.next_timeout(Duration::MAX).transpose() {
                return Some(item);
            }
        }
        None
    }
}

impl std::iter::FusedIterator for Subscription {}

/// The version of a stream's first event behind a position, whether it is there yet or not.
fn first_behind(
    store: &dyn EventStore,
    stream: &StreamId,
    position: GlobalPosition,
) -> Result<Option<StreamVersion>, ReadError> {
    let mut page = Page::new();
    let mut up_to = |version| {
        let read = Read::stream(stream.clone()).from_version(version).page_of(1);
        match (store.read(&read, &mut page), page.iter().next()) {
            (_, Some(event)) => Ok(event.position() <= position),
            // Damage counts as what is behind, so that whatever stands before it is shown.
            (Ok(()) | Err(ReadError::Damaged(_)), None) => Ok(false),
            (Err(error), None) => Err(error),
        }
    };
    // No event's version is larger than its position.
    let (mut known, mut behind) = (0, position.get().saturating_add(1));
    while let Some(middle) = StreamVersion::new(u64::midpoint(known, behind))
        && middle.get() > known
    {
        *(if up_to(middle)? { &mut known } else { &mut behind }) = middle.get();
    }
    Ok(StreamVersion::new(behind))
}
