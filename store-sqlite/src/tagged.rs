//! Reads that a tag leads to its events.
//!
//! Owns the merging of several tags' positions. Never trusts the table of tags alone: what it leads
//! to is checked by its checksum and must have the tag.

use rusqlite::Connection;
use vitae::GlobalPosition;
use vitae::Name;
use vitae::store::{Damage, Direction, Page, Query, Read};

use crate::error::Fault;
use crate::read::{Walk, missing};
use crate::row::StoredEvent;
use crate::sql;

/// How many positions are fetched of a tag at a time.
const BATCH: i64 = 256;

/// Whether every alternative of a query asks for a tag.
pub(crate) fn drives(query: &Query) -> bool {
    !query.items.is_empty() && query.items.iter().all(|item| !item.tags.is_empty())
}

/// Fills a page from the events to which the first tag of each alternative leads.
pub(crate) fn read(
    connection: &Connection,
    read: &Read,
    query: &Query,
    mut walk: Walk,
    page: &mut Page,
) -> Result<(), Fault> {
    let tags = first_tags(query);
    let mut statement = connection.prepare_cached(sql::EVENT_AT)?;
    let mut positions = Vec::new();
    while walk.is_under_way() {
        let up_to = batch(connection, &tags, walk, read.direction, &mut positions)?;
        for position in &positions {
            let mut rows = statement.query((position,))?;
            let Some(row) = rows.next()? else {
                return Err(missing(*position));
            };
            let event = StoredEvent::of(row, None)?;
            if !event.matches(query) {
                check_tagged(&event, &tags)?;
                continue;
            }
            if page.is_full(read) {
                event.check()?;
                page.set_more();
                return Ok(());
            }
            event.push_to(page)?;
        }
        match up_to.checked_add(walk.step) {
            Some(next) => walk.next = next,
            None => break,
        }
    }
    Ok(())
}

/// The tags that lead to the events: one of each alternative, each once.
fn first_tags(query: &Query) -> Vec<&Name> {
    let mut tags: Vec<&Name> = query
        .items
        .iter()
        .filter_map(|item| item.tags.first())
        .collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// The next positions to which the tags lead, in the order of the walk, each once. Returns the
/// position up to which these are all.
fn batch(
    connection: &Connection,
    tags: &[&Name],
    walk: Walk,
    direction: Direction,
    positions: &mut Vec<i64>,
) -> Result<i64, Fault> {
    let mut statement = connection.prepare_cached(match direction {
        Direction::Forwards => sql::TAGGED_FORWARDS,
        Direction::Backwards => sql::TAGGED_BACKWARDS,
    })?;
    positions.clear();
    let mut up_to = walk.last;
    let behind = |position: i64, end: i64| (position > end) == (walk.step > 0) && position != end;
    for tag in tags {
        let mut fetched = 0;
        let mut rows = statement.query((tag.as_str(), walk.next, BATCH))?;
        while let Some(row) = rows.next()? {
            positions.push(row.get(0)?);
            fetched += 1;
        }
        if let Some(last) = positions.last().copied().filter(|_| fetched == BATCH)
            && behind(up_to, last)
        {
            up_to = last;
        }
    }
    positions.retain(|position| !behind(*position, up_to));
    positions.sort_unstable();
    positions.dedup();
    if direction == Direction::Backwards {
        positions.reverse();
    }
    Ok(up_to)
}

/// Checks an event that matches no alternative: it must at least have one of the tags.
fn check_tagged(event: &StoredEvent<'_>, tags: &[&Name]) -> Result<(), Fault> {
    event.check()?;
    if tags
        .iter()
        .any(|tag| event.matches(&Query::tag((*tag).clone())))
    {
        return Ok(());
    }
    let reason = "the table of tags leads to an event without the tag";
    Err(GlobalPosition::new(event.position())
        .map_or_else(|| Damage::elsewhere(reason), |at| Damage::at(at, reason))
        .into())
}
