//! Pages.
//!
//! Owns the order and the bounds of a read, and that nothing is missing between them. Never skips
//! damage: an event that is read to be filtered is checked like one that is shown.

use std::ops::RangeInclusive;

use rusqlite::{CachedStatement, Connection, Rows};
use vitae::store::{Damage, Direction, Page, Query, Read, Selection};
use vitae::{GlobalPosition, StreamId, StreamVersion};

use crate::block::Block;
use crate::error::{Fault, if_whole};
use crate::event::{StoredEvent, missing, of_stream};
use crate::list::StreamList;
use crate::moment::Moment;
use crate::names::{EventNames, Names};
use crate::{bundle, sql, tagged};

/// How many events of a stream are fetched at a time.
const BATCH: u64 = 512;

/// Fills a page.
pub(crate) fn read(
    moment: &Moment<'_>,
    names: &mut Names,
    read: &Read,
    page: &mut Page,
) -> Result<(), Fault> {
    page.clear();
    match &read.selection {
        Selection::Stream { id, from } => {
            read_stream(moment, names, read, id, from.map(StreamVersion::get), page)
        }
        Selection::Log { query, from } => {
            let from = from.map(GlobalPosition::get);
            let Some(walk) = Walk::new(read.direction, from, moment.head)? else {
                return Ok(());
            };
            if tagged::drives(query) {
                return tagged::read(moment, names, read, query, walk, page);
            }
            read_log(moment, names, read, query, walk, page)
        }
    }
}

fn read_stream(
    moment: &Moment<'_>,
    names: &mut Names,
    read: &Read,
    id: &StreamId,
    from: Option<u64>,
    page: &mut Page,
) -> Result<(), Fault> {
    let Some(list) = moment.stream(id)? else {
        return Ok(());
    };
    let Some(walk) = Walk::new(read.direction, from, list.version())? else {
        return Ok(());
    };
    let mut filling = Filling { connection: moment.connection, names, read, walk, page };
    while filling.walk.is_under_way() && filling.take(&list)? {}
    Ok(())
}

/// A page that is being filled with the events of a stream.
struct Filling<'f> {
    connection: &'f Connection,
    names: &'f mut Names,
    read: &'f Read,
    walk: Walk,
    page: &'f mut Page,
}

impl Filling<'_> {
    /// Takes the events that are listed together with the next one. False if there is no room for all.
    fn take(&mut self, list: &StreamList) -> Result<bool, Fault> {
        let (connection, direction) = (self.connection, self.read.direction);
        let stretch = list.stretch(connection, self.walk.next.cast_unsigned())?;
        let within = stretch.versions();
        if let Some(bundle) = stretch.bundle {
            let (chunk, wanted) = ((list.number, stretch.from), self.wanted(&within));
            let offer = |event: &StoredEvent<'_>| self.offer(event);
            let shown = bundle::walk(connection, bundle, chunk, &wanted, direction, offer);
            if let Some(more) = if_whole(shown)? {
                return Ok(more);
            }
            // The log has the events too.
        }
        let mut placed = stretch.placed(&self.wanted(&within));
        if direction == Direction::Backwards {
            placed.reverse();
        }
        of_stream(connection, list.number, &placed, |event| self.offer(event))
    }

    /// The versions that come next, all within some: no more than the page may take, and one, to know
    /// whether there is one.
    fn wanted(&self, within: &RangeInclusive<u64>) -> RangeInclusive<u64> {
        let room = self.read.max_events.saturating_sub(self.page.len()).saturating_add(1);
        self.walk.ahead(BATCH.min(u64::try_from(room).unwrap_or(u64::MAX)), within)
    }

    fn offer(&mut self, event: &StoredEvent<'_>) -> Result<bool, Fault> {
        let names = self.names.of(self.connection, event)?;
        let more = offer(event, &names, self.read, self.page)?;
        self.walk.advance();
        Ok(more)
    }
}

/// The block that a statement comes by next.
pub(crate) fn next_block<'r>(rows: &'r mut Rows<'_>) -> Result<Option<Block<'r>>, Fault> {
    rows.next()?.map(Block::of).transpose()
}

/// Adds an event to a page. False if there is no room: the page is complete.
pub(crate) fn offer(
    event: &StoredEvent<'_>,
    names: &EventNames<'_>,
    read: &Read,
    page: &mut Page,
) -> Result<bool, Fault> {
    if page.is_full(read) {
        event.check(names)?;
        page.set_more();
        return Ok(false);
    }
    event.push_to(names, page)?;
    Ok(true)
}

fn read_log(
    moment: &Moment<'_>,
    names: &mut Names,
    read: &Read,
    query: &Query,
    walk: Walk,
    page: &mut Page,
) -> Result<(), Fault> {
    let mut statement = log_statement(moment.connection, read.direction)?;
    let all = query.items.is_empty();
    walk_log(moment.connection, names, &mut statement, walk, |event, names| {
        if !all && !event.matches(names, query) {
            event.check(names)?;
            return Ok(true);
        }
        offer(event, names, read, page)
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
    connection: &Connection,
    names: &mut Names,
    statement: &mut CachedStatement<'_>,
    mut walk: Walk,
    mut visit: impl FnMut(&StoredEvent<'_>, &EventNames<'_>) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    let mut rows = statement.query((walk.next,))?;
    while walk.is_under_way() {
        let (block, begun_at) = (next_block(&mut rows)?, walk.next);
        while walk.is_under_way()
            && let Some(block) = &block
            && let Some(event) = block.at_position(walk.next.cast_unsigned())?
        {
            walk.advance();
            if !visit(&event, &names.of(connection, &event)?)? {
                return Ok(());
            }
        }
        if walk.next == begun_at {
            return Err(missing(begun_at.cast_unsigned()));
        }
    }
    Ok(())
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

    /// The numbers that come next, at most so many and all within some, from the smallest to the largest.
    fn ahead(&self, most: u64, within: &RangeInclusive<u64>) -> RangeInclusive<u64> {
        let (next, last) = (self.next.cast_unsigned(), self.last.cast_unsigned());
        let more = most.saturating_sub(1);
        if self.step > 0 {
            next..=next.saturating_add(more).min(last).min(*within.end())
        } else {
            next.saturating_sub(more).max(last).max(*within.start())..=next
        }
    }

    /// Comes by a number.
    pub(crate) const fn advance(&mut self) {
        self.next = self.next.saturating_add(self.step);
    }

    pub(crate) const fn is_under_way(&self) -> bool {
        if self.step > 0 { self.next <= self.last } else { self.next >= self.last }
    }
}
