//! What an event's numbers stand for.
//!
//! Owns a bounded memory of it for each connection that reads. Nothing in it ever changes in a file:
//! a stream keeps its name, a kind its own.

use std::collections::hash_map::Entry;

use foldhash::HashMap;
use rusqlite::{Connection, OptionalExtension};

use crate::error::Fault;
use crate::event::StoredEvent;
use crate::lookup::damage;
use crate::sql;

/// How many streams are remembered.
const STREAMS: usize = 16_384;

/// A stream's category and id, one behind the other: one look at memory for both.
struct StreamNames {
    joined: Box<str>,
    category: usize,
}

impl StreamNames {
    fn of(category: &str, id: &str) -> Self {
        Self { joined: [category, id].concat().into(), category: category.len() }
    }

    fn split(&self) -> (&str, &str) {
        self.joined.split_at_checked(self.category).unwrap_or_default()
    }
}

#[derive(Default)]
pub(crate) struct Names {
    streams: HashMap<i64, StreamNames>,
    kinds: HashMap<i64, (Box<str>, u32)>,
}

/// The names of one event.
pub(crate) struct EventNames<'n> {
    pub(crate) category: &'n str,
    pub(crate) stream: &'n str,
    pub(crate) kind: &'n str,
    pub(crate) kind_version: u32,
}

impl Names {
    /// The names that an event refers to.
    pub(crate) fn of(
        &mut self,
        connection: &Connection,
        event: &StoredEvent<'_>,
    ) -> Result<EventNames<'_>, Fault> {
        if self.streams.len() >= STREAMS {
            self.streams.clear();
        }
        let stream = match self.streams.entry(event.stream) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let names = stream_names(connection, event.stream)?;
                place.insert(names.ok_or_else(|| event.damaged("its stream is missing"))?)
            }
        };
        let kind = match self.kinds.entry(event.kind) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let kind = kind_name(connection, event.kind)?;
                place.insert(kind.ok_or_else(|| event.damaged("its kind is missing"))?)
            }
        };
        let (category, stream) = stream.split();
        Ok(EventNames { category, stream, kind: &kind.0, kind_version: kind.1 })
    }
}

fn stream_names(connection: &Connection, stream: i64) -> Result<Option<StreamNames>, Fault> {
    let mut statement = connection.prepare_cached(sql::STREAM_NAMES)?;
    let mut rows = statement.query((stream,))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let text = |column| row.get_ref(column)?.as_str().map_err(|_| damage("a name is not a text"));
    Ok(Some(StreamNames::of(text(0)?, text(1)?)))
}

fn kind_name(connection: &Connection, kind: i64) -> Result<Option<(Box<str>, u32)>, Fault> {
    let mut statement = connection.prepare_cached(sql::KIND_NAME)?;
    Ok(statement.query_row((kind,), |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}
