//! Pages.
//!
//! Owns the order and the bounds of a read, and that nothing is missing between them. Never skips
//! damage: an event that is read to be filtered is checked like one that is shown.

use rusqlite::{CachedStatement, Connection, Params};
use vitae::store::{Damage, Direction, Page, Query, Read, Selection};
use vitae::{GlobalPosition, StreamId, StreamVersion};

use crate::error::Fault;
use crate::row::StoredEvent;
use crate::{lookup, sql, tagged};

/// Fills a page. The connection must be in a transaction: a read asks more than one question.
pub(crate) fn read(connection: &Connection, read: &Read, page: &mut Page) -> Result<(), Fault> {
    match &read.selection {
        Selection::Stream { id, from } => {
            read_stream(connection, read, id, from.map(StreamVersion::get), page)
        }
        Selection::Log { query, from } => {
            let head = lookup::head(connection)?;
            let from = from.map(GlobalPosition::get);
            let Some(walk) = Walk::new(read.direction, from, head)? else {
                return Ok(());
            };
            if tagged::drives(query) {
                return tagged::read(connection, read, query, walk, page);
            }
            read_log(connection, read, query, walk, page)
        }
    }
}

fn read_stream(
    connection: &Connection,
    read: &Read,
    id: &StreamId,
    from: Option<u64>,
    page: &mut Page,
) -> Result<(), Fault> {
    let Some((stream, version)) = lookup::stream(connection, id)? else {
        return Ok(());
    };
    let Some(mut walk) = Walk::new(read.direction, from, version)? else {
        return Ok(());
    };
    let mut statement = connection.prepare_cached(match read.direction {
        Direction::Forwards => sql::STREAM_FORWARDS,
        Direction::Backwards => sql::STREAM_BACKWARDS,
    })?;
    let mut rows = statement.query((stream, walk.next))?;
    while let Some(row) = rows.next()? {
        if page.is_full(read) {
            page.set_more();
            return Ok(());
        }
        let event = StoredEvent::of(row, Some(id))?;
        if !walk.step(event.version()) {
            break;
        }
        event.push_to(page)?;
    }
    match walk.missing() {
        None => Ok(()),
        Some(version) => {
            Err(Damage::elsewhere(format!("stream `{id}` has no version {version}")).into())
        }
    }
}

fn read_log(
    connection: &Connection,
    read: &Read,
    query: &Query,
    walk: Walk,
    page: &mut Page,
) -> Result<(), Fault> {
    let mut statement = log_statement(connection, read.direction)?;
    let all = query.items.is_empty();
    walk_log(&mut statement, (walk.next,), walk, |event| {
        if !all && !event.matches(query) {
            event.check()?;
            return Ok(true);
        }
        if page.is_full(read) {
            event.check()?;
            page.set_more();
            return Ok(false);
        }
        event.push_to(page)?;
        Ok(true)
    })
}

pub(crate) fn log_statement(
    connection: &Connection,
    direction: Direction,
) -> Result<CachedStatement<'_>, Fault> {
    Ok(connection.prepare_cached(match direction {
        Direction::Forwards => sql::LOG_FORWARDS,
        Direction::Backwards => sql::LOG_BACKWARDS,
    })?)
}

/// Shows every event of a walk, each position once, until `visit` says that it is enough.
pub(crate) fn walk_log(
    statement: &mut CachedStatement<'_>,
    params: impl Params,
    mut walk: Walk,
    mut visit: impl FnMut(&StoredEvent<'_>) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        let event = StoredEvent::of(row, None)?;
        if !walk.step(event.position()) {
            break;
        }
        if !visit(&event)? {
            return Ok(());
        }
    }
    match walk.missing() {
        None => Ok(()),
        Some(position) => Err(missing(position)),
    }
}

/// The damage of an event that is not there.
pub(crate) fn missing(position: i64) -> Fault {
    let position = u64::try_from(position).ok().and_then(GlobalPosition::new);
    Fault::Damaged(Damage { position, reason: "the event is missing".to_owned() })
}

/// The numbers that a read must come by, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    /// The number that comes next.
    pub(crate) next: i64,
    /// The number at which it ends, inclusive.
    pub(crate) last: i64,
    /// 1 or -1.
    pub(crate) step: i64,
}

impl Walk {
    /// The walk from a number, inclusive, over 1 to `end`. `None` if there is nothing on the way.
    pub(crate) fn new(
        direction: Direction,
        from: Option<u64>,
        end: u64,
    ) -> Result<Option<Self>, Fault> {
        let (first, last, step) = match direction {
            Direction::Forwards => (from.unwrap_or(1), end, 1),
            Direction::Backwards => (from.unwrap_or(end).min(end), 1, -1),
        };
        let empty = match direction {
            Direction::Forwards => first > last,
            Direction::Backwards => first < last,
        };
        if empty {
            return Ok(None);
        }
        let signed = |number| {
            i64::try_from(number).map_err(|_| Damage::elsewhere("a number is out of range"))
        };
        Ok(Some(Self { next: signed(first)?, last: signed(last)?, step }))
    }

    /// Comes by a number. False if it is not the one that must come next.
    fn step(&mut self, number: u64) -> bool {
        let expected = self.is_under_way() && u64::try_from(self.next) == Ok(number);
        if expected {
            self.next = self.next.saturating_add(self.step);
        }
        expected
    }

    /// The number that should have come.
    fn missing(&self) -> Option<i64> {
        self.is_under_way().then_some(self.next)
    }

    pub(crate) const fn is_under_way(&self) -> bool {
        if self.step > 0 { self.next <= self.last } else { self.next >= self.last }
    }
}
