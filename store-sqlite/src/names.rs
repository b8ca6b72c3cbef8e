//! What the numbers in an event's row stand for.
//!
//! Owns a bounded memory of it for each connection that reads. Nothing in it ever changes in a file:
//! a stream keeps its name, a kind its own, an event its commit.

use std::collections::hash_map::Entry;

use rusqlite::{Connection, OptionalExtension};
use rustc_hash::FxHashMap;
use vitae::CommitId;
use vitae::store::Damage;

use crate::body::{self, Place};
use crate::error::Fault;
use crate::lookup::damage;
use crate::row::StoredRow;
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
    streams: FxHashMap<i64, StreamNames>,
    kinds: FxHashMap<i64, (Box<str>, u32)>,
    /// The commit that was met last, and the position of its first event.
    commit: Option<(u64, CommitId)>,
}

/// The names of one event.
pub(crate) struct EventNames<'n> {
    pub(crate) category: &'n str,
    pub(crate) stream: &'n str,
    pub(crate) kind: &'n str,
    pub(crate) kind_version: u32,
    pub(crate) commit: CommitId,
}

impl Names {
    /// The names that the row of an event refers to.
    pub(crate) fn of(
        &mut self,
        connection: &Connection,
        row: &StoredRow<'_>,
    ) -> Result<EventNames<'_>, Fault> {
        let commit = self.commit_of(connection, row)?;
        if !self.streams.contains_key(&row.stream) {
            let names = stream_names(connection, row.stream)?
                .ok_or_else(|| row.damaged("its stream is missing"))?;
            if self.streams.len() >= STREAMS {
                self.streams.clear();
            }
            self.streams.insert(row.stream, names);
        }
        if let Entry::Vacant(place) = self.kinds.entry(row.kind) {
            let kind = kind_name(connection, row.kind)?;
            place.insert(kind.ok_or_else(|| row.damaged("its kind is missing"))?);
        }
        let missing = || row.damaged("its stream or kind is missing");
        let (category, stream) = self.streams.get(&row.stream).ok_or_else(missing)?.split();
        let (kind, kind_version) = self.kinds.get(&row.kind).ok_or_else(missing)?;
        Ok(EventNames { category, stream, kind, kind_version: *kind_version, commit })
    }

    fn commit_of(
        &mut self,
        connection: &Connection,
        row: &StoredRow<'_>,
    ) -> Result<CommitId, Fault> {
        let index = match row.body.place {
            Place::First(opening) => {
                self.commit = Some((row.position, opening.commit));
                return Ok(opening.commit);
            }
            Place::Later(index) => u64::from(index),
        };
        let damaged = || row.damaged("the first event of its commit is missing");
        let first = row.position.checked_sub(index).ok_or_else(damaged)?;
        if let Some((known, commit)) = self.commit
            && known == first
        {
            return Ok(commit);
        }
        let Some(Place::First(opening)) = place_at(connection, first)? else {
            return Err(damaged());
        };
        self.commit = Some((first, opening.commit));
        Ok(opening.commit)
    }
}

/// Where the event at a position stands in its commit, if there is one.
pub(crate) fn place_at(connection: &Connection, position: u64) -> Result<Option<Place>, Fault> {
    let mut statement = connection.prepare_cached(sql::BODY_AT)?;
    let mut rows = statement.query((position.cast_signed(),))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let bytes = row.get_ref(0)?.as_blob().map_err(|_| Damage::elsewhere("a body is no bytes"))?;
    Ok(body::decode(bytes).map(|body| body.place))
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
