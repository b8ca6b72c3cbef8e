//! One event as it stands in the file.
//!
//! Owns the way from its parts to a header, with all that is checked on it. Never trusts a file: what
//! does not fit is damage at a position.

use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::Value;
use vitae::store::{Damage, EventHeader, Page, PayloadDigest, Query};
use vitae::{CommitId, EventId, GlobalPosition};

use crate::block::Block;
use crate::body::Body;
use crate::error::Fault;
use crate::names::EventNames;
use crate::sql;

/// An event, borrowed from the statement that stands on its row.
pub(crate) struct StoredEvent<'r> {
    /// What its row is found by: the position of the first event of its block, or its bundle's number.
    pub(crate) row: i64,
    pub(crate) position: u64,
    pub(crate) stream: i64,
    pub(crate) version: u64,
    pub(crate) kind: i64,
    pub(crate) occurred_at: i64,
    pub(crate) recorded_at: i64,
    pub(crate) commit: CommitId,
    pub(crate) body: Body<'r>,
    /// The body as it stands in the file.
    pub(crate) bytes: &'r [u8],
}

impl StoredEvent<'_> {
    fn header<'e>(&'e self, names: &EventNames<'e>) -> EventHeader<'e> {
        EventHeader {
            position: self.position,
            category: names.category,
            stream: names.stream,
            version: self.version,
            kind: names.kind,
            kind_version: names.kind_version,
            id: EventId { commit: self.commit, index: self.body.place.index() },
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            correlation: self.body.correlation.unwrap_or(self.commit.as_bytes()),
            causation: self.body.causation,
            tags: self.body.tags,
            metadata: self.body.metadata,
        }
    }

    pub(crate) fn matches(&self, names: &EventNames<'_>, query: &Query) -> bool {
        self.header(names).matches(query)
    }

    /// Checks an event that no page will hold against its checksum: it was read to be filtered.
    pub(crate) fn check(&self, names: &EventNames<'_>) -> Result<(), Fault> {
        let digest = self.body.payload.map_or_else(|digest| digest, PayloadDigest::of);
        if self.header(names).checksum(digest) == self.body.checksum {
            return Ok(());
        }
        Err(self.damaged("the event does not fit its checksum"))
    }

    /// Adds the event to a page, which checks it.
    pub(crate) fn push_to(&self, names: &EventNames<'_>, page: &mut Page) -> Result<(), Fault> {
        let header = self.header(names);
        page.push(&header, self.body.payload, self.body.checksum)?;
        Ok(())
    }

    /// Whether both say the same, wherever they stand.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (self.position, self.stream, self.version, self.kind, self.commit, self.bytes)
            == (other.position, other.stream, other.version, other.kind, other.commit, other.bytes)
            && (self.occurred_at, self.recorded_at) == (other.occurred_at, other.recorded_at)
    }

    /// What is wrong with the event, and where it stands.
    pub(crate) fn damaged(&self, reason: &str) -> Fault {
        let position = GlobalPosition::new(self.position);
        Fault::Damaged(Damage { position, reason: reason.to_owned() })
    }
}

/// Shows the events of some positions, from one to another (both inclusive), without a gap.
pub(crate) fn walk(
    connection: &Connection,
    from: u64,
    to: u64,
    mut visit: impl FnMut(&StoredEvent<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(sql::LOG_FORWARDS)?;
    let mut rows = statement.query((from.cast_signed(),))?;
    let mut next = from;
    while next <= to {
        let Some(row) = rows.next()? else { return Err(missing(next)) };
        let (block, begun_at) = (Block::of(row)?, next);
        while next <= to
            && let Some(event) = block.at_position(next)?
        {
            visit(&event)?;
            next = next.saturating_add(1);
        }
        if next == begun_at {
            return Err(missing(next));
        }
    }
    Ok(())
}

/// Shows events of a stream, each version with the position of the block that it is in, until `visit` says
/// that it is enough: false then.
pub(crate) fn of_stream(
    connection: &Connection,
    stream: i64,
    placed: &[(u64, u64)],
    mut visit: impl FnMut(&StoredEvent<'_>) -> Result<bool, Fault>,
) -> Result<bool, Fault> {
    let mut statement = connection.prepare_cached(sql::BLOCKS_AT)?;
    let same = |(_, one): &(u64, u64), (_, other): &(u64, u64)| one == other;
    let blocks = placed.chunk_by(same).flat_map(<[_]>::first).map(|(_, block)| block);
    let mut rows = statement.query((array(blocks),))?;
    for same in placed.chunk_by(same) {
        let block = rows.next()?.map(Block::of).transpose()?;
        for (version, first) in same {
            let found = block.as_ref().filter(|block| block.first == *first);
            let event = found.map(|block| block.of_stream(stream, *version)).transpose()?;
            let event = event.flatten().ok_or_else(|| not_of_stream(*first))?;
            if !visit(&event)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn not_of_stream(block: u64) -> Fault {
    let position = GlobalPosition::new(block);
    let reason = "a stream's list leads to it, and there is no event of the stream".to_owned();
    Fault::Damaged(Damage { position, reason })
}

/// Positions as a statement takes them.
pub(crate) fn array<'p>(positions: impl Iterator<Item = &'p u64>) -> Rc<Vec<Value>> {
    Rc::new(positions.map(|position| Value::Integer(position.cast_signed())).collect())
}

/// Shows the event at a position with the row that holds it.
pub(crate) fn at<T>(
    connection: &Connection,
    position: u64,
    visit: impl FnOnce(&Block<'_>, &StoredEvent<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut statement = connection.prepare_cached(sql::LOG_BACKWARDS)?;
    let mut rows = statement.query((position.cast_signed(),))?;
    let Some(row) = rows.next()? else { return Err(missing(position)) };
    let block = Block::of(row)?;
    match block.at_position(position)? {
        Some(event) => visit(&block, &event),
        None => Err(missing(position)),
    }
}

/// The damage of an event that is not there.
pub(crate) fn missing(position: u64) -> Fault {
    let position = GlobalPosition::new(position);
    Fault::Damaged(Damage { position, reason: "the event is missing".to_owned() })
}
