//! What an event's numbers stand for.
//!
//! Owns a bounded memory of it for each connection that reads. Nothing in it ever changes in a file:
//! a stream keeps its name, a kind its own.

use rusqlite::{Connection, OptionalExtension};

use crate::error::Fault;
use crate::event::StoredEvent;
use crate::lookup::damage;
use crate::sql;

/// How many streams are remembered, and how many kinds.
const STREAMS: usize = 16_384;
const KINDS: usize = 1_024;

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

pub(crate) struct Names {
    streams: Remembered<StreamNames>,
    kinds: Remembered<(Box<str>, u32)>,
}

impl Default for Names {
    fn default() -> Self {
        Self { streams: Remembered::at_most(STREAMS), kinds: Remembered::at_most(KINDS) }
    }
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
        let stream = self.streams.get_or(event.stream, || {
            let names = stream_names(connection, event.stream)?;
            names.ok_or_else(|| event.damaged("its stream is missing"))
        })?;
        let kind = self.kinds.get_or(event.kind, || {
            let kind = kind_name(connection, event.kind)?;
            kind.ok_or_else(|| event.damaged("its kind is missing"))
        })?;
        let (category, stream) = stream.split();
        Ok(EventNames { category, stream, kind: &kind.0, kind_version: kind.1 })
    }
}

/// What numbers stand for that are given out one after the other, from 1 on. Each has a place, and of those
/// that share one the last that was asked for is remembered.
struct Remembered<T> {
    most: usize,
    places: Vec<Option<(i64, T)>>,
}

impl<T> Remembered<T> {
    const fn at_most(most: usize) -> Self {
        Self { most, places: Vec::new() }
    }

    fn get_or(
        &mut self,
        number: i64,
        look: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<&T, Fault> {
        let place = usize::try_from(number).unwrap_or_default() % self.most;
        if place >= self.places.len() {
            self.places.resize_with(place + 1, || None);
        }
        let lost = || damage("a number has no place");
        let known = self.places.get_mut(place).ok_or_else(lost)?;
        if known.as_ref().is_none_or(|(known, _)| *known != number) {
            *known = Some((number, look()?));
        }
        let (_, known) = known.as_ref().ok_or_else(lost)?;
        Ok(known)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_numbers_that_share_a_place_each_is_known_for_what_it_is() {
        let mut names = Remembered::at_most(4);
        let mut looked = 0;
        // Numbers of a file that is damaged too.
        for number in [1, 1, 5, 1, 3, 3, 0, -1, i64::MAX, i64::MIN] {
            let name = names.get_or(number, || {
                looked += 1;
                Ok(number)
            });
            assert_eq!(*name.unwrap(), number);
        }
        assert_eq!((looked, names.places.len()), (8, 4));
    }
}
