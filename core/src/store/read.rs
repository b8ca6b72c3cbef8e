//! Questions to the log.

use crate::name::{Name, StreamId};
use crate::number::{GlobalPosition, StreamVersion};

/// A question to the log: which events, in which order, from where, and how many at a time.
#[derive(Clone, Debug)]
pub struct Read {
    /// Which events, and from where (inclusive).
    pub selection: Selection,
    /// In which order.
    pub direction: Direction,
    /// The most events in one page, 1 or more.
    pub max_events: usize,
    /// About how many bytes a page may hold; it always holds at least one event.
    pub max_bytes: usize,
}

/// Which events a read is about.
#[derive(Clone, Debug)]
pub enum Selection {
    /// The events of one stream.
    Stream {
        /// The stream.
        id: StreamId,
        /// The version to begin at, inclusive; `None`: at the end that the direction begins at.
        from: Option<StreamVersion>,
    },
    /// The events of the log that match a query.
    Log {
        /// The query.
        query: Query,
        /// The position to begin at, inclusive; `None`: at the end that the direction begins at.
        from: Option<GlobalPosition>,
    },
}

/// The order of a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Oldest first.
    Forwards,
    /// Newest first.
    Backwards,
}

impl Read {
    /// Reads one stream from its first event.
    #[must_use]
    pub const fn stream(id: StreamId) -> Self {
        Self::new(Selection::Stream { id, from: None })
    }

    /// Reads the log from its first event.
    #[must_use]
    pub const fn log(query: Query) -> Self {
        Self::new(Selection::Log { query, from: None })
    }

    const fn new(selection: Selection) -> Self {
        Self { selection, direction: Direction::Forwards, max_events: 1_024, max_bytes: 1 << 20 }
    }

    /// Newest first.
    #[must_use]
    pub const fn backwards(mut self) -> Self {
        self.direction = Direction::Backwards;
        self
    }

    /// Begins at a version of the stream, inclusive. For a read of the log this says nothing.
    #[must_use]
    pub fn from_version(mut self, version: StreamVersion) -> Self {
        if let Selection::Stream { from, .. } = &mut self.selection {
            *from = Some(version);
        }
        self
    }

    /// Begins at a position of the log, inclusive. For a read of a stream this says nothing.
    #[must_use]
    pub fn from_position(mut self, position: GlobalPosition) -> Self {
        if let Selection::Log { from, .. } = &mut self.selection {
            *from = Some(position);
        }
        self
    }

    /// At most this many events a page; 0 is taken as 1.
    #[must_use]
    pub const fn page_of(mut self, events: usize) -> Self {
        self.max_events = if events == 0 { 1 } else { events };
        self
    }
}

/// Which events of the log: those that match one item or more. Without an item: all.
#[derive(Clone, Default, Debug)]
pub struct Query {
    /// The alternatives.
    pub items: Vec<QueryItem>,
}

/// One alternative of a query. An event matches if its kind is among the kinds, its category among
/// the categories, and it has every tag. An empty list says nothing.
#[derive(Clone, Default, Debug)]
pub struct QueryItem {
    /// One of these kinds.
    pub kinds: Vec<Name>,
    /// One of these categories.
    pub categories: Vec<Name>,
    /// All of these tags.
    pub tags: Vec<Name>,
}

impl Query {
    /// Every event.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// The events with a tag, across streams.
    #[must_use]
    pub fn tag(tag: Name) -> Self {
        Self { items: vec![QueryItem { tags: vec![tag], ..QueryItem::default() }] }
    }

    /// The events of the streams of a category.
    #[must_use]
    pub fn category(category: Name) -> Self {
        Self { items: vec![QueryItem { categories: vec![category], ..QueryItem::default() }] }
    }

    /// The events of some kinds.
    #[must_use]
    pub fn kinds(kinds: impl IntoIterator<Item = Name>) -> Self {
        let kinds = kinds.into_iter().collect();
        Self { items: vec![QueryItem { kinds, ..QueryItem::default() }] }
    }

    /// Whether an event matches.
    pub fn matches<'a>(
        &self,
        category: &str,
        kind: &str,
        tags: impl Iterator<Item = &'a str> + Clone,
    ) -> bool {
        self.items.is_empty()
            || self.items.iter().any(|item| item.matches(category, kind, tags.clone()))
    }
}

impl QueryItem {
    /// Whether an event matches.
    pub fn matches<'a>(
        &self,
        category: &str,
        kind: &str,
        tags: impl Iterator<Item = &'a str> + Clone,
    ) -> bool {
        let any = |names: &[Name], name: &str| {
            names.is_empty() || names.iter().any(|candidate| candidate.as_str() == name)
        };
        any(&self.kinds, kind)
            && any(&self.categories, category)
            && self.tags.iter().all(|tag| tags.clone().any(|has| has == tag.as_str()))
    }
}
