//! Reads that a tag leads to its events.
//!
//! Owns the merging of several tags' positions. Never trusts the table of tags alone: what it leads
//! to is checked by its checksum and must have the tag.

use rusqlite::{CachedStatement, Connection};
use vitae::Name;
use vitae::store::{Direction, Page, Query, QueryItem, Read};

use crate::error::Fault;
use crate::event::{StoredEvent, array, missing};
use crate::moment::Moment;
use crate::names::{EventNames, Names};
use crate::read::{Walk, next_block, offer};
use crate::{lookup, sql};

/// How many positions are fetched of a tag at a time.
const BATCH: usize = 256;

/// Whether every alternative of a query asks for a tag.
pub(crate) fn drives(query: &Query) -> bool {
    !query.items.is_empty() && query.items.iter().all(|item| !item.tags.is_empty())
}

/// Fills a page from the events to which the tags of the alternatives lead.
pub(crate) fn read(
    moment: &Moment<'_>,
    names: &mut Names,
    read: &Read,
    query: &Query,
    mut walk: Walk,
    page: &mut Page,
) -> Result<(), Fault> {
    let tag_sets = tag_sets(query);
    let mut statement = moment.connection.prepare_cached(sql::BLOCKS_WITH)?;
    let mut positions = Vec::new();
    while walk.is_under_way() {
        let up_to = batch(moment.connection, &tag_sets, walk, read.direction, &mut positions)?;
        let mut rows = statement.query((array(positions.iter()),))?;
        for position in &positions {
            let block = next_block(&mut rows)?;
            let event = block.map(|block| block.at_position(*position)).transpose()?.flatten();
            let event = event.ok_or_else(|| missing(*position))?;
            let names = names.of(moment.connection, &event)?;
            if !event.matches(&names, query) {
                check_tagged(&event, &names, &tag_sets)?;
            } else if !offer(&event, &names, read, page)? {
                return Ok(());
            }
        }
        match up_to.checked_add(walk.step) {
            Some(next) => walk.next = next,
            None => break,
        }
    }
    Ok(())
}

/// The tags of each alternative, the same ones once.
fn tag_sets(query: &Query) -> Vec<&[Name]> {
    let mut sets: Vec<&[Name]> = query.items.iter().map(|item| &*item.tags).collect();
    sets.sort_unstable();
    sets.dedup();
    sets
}

/// The next positions to which the tags lead, in the order of the walk, each once. Returns the
/// position up to which these are all.
fn batch(
    connection: &Connection,
    tag_sets: &[&[Name]],
    walk: Walk,
    direction: Direction,
    positions: &mut Vec<u64>,
) -> Result<i64, Fault> {
    let mut statement = connection.prepare_cached(match direction {
        Direction::Forwards => sql::TAGGED_FORWARDS,
        Direction::Backwards => sql::TAGGED_BACKWARDS,
    })?;
    let mut all = Vec::new();
    let mut up_to = walk.last;
    let behind = |position: i64, end: i64| (position > end) == (walk.step > 0) && position != end;
    for tags in tag_sets {
        let found = match tags {
            [tag] => next(&mut statement, tag, walk.next, BATCH)?,
            _ => next_common(&mut statement, tags, walk)?,
        };
        if let Some(last) = found.last().copied().filter(|_| found.len() == BATCH)
            && behind(up_to, last)
        {
            up_to = last;
        }
        all.extend(found);
    }
    all.retain(|position| !behind(*position, up_to));
    positions.clear();
    for position in all {
        positions.push(u64::try_from(position).map_err(|_| lookup::damage("a tag is nowhere"))?);
    }
    positions.sort_unstable();
    positions.dedup();
    if direction == Direction::Backwards {
        positions.reverse();
    }
    Ok(up_to)
}

/// The next positions of a tag, from one on (inclusive), in the order of the walk.
fn next(
    statement: &mut CachedStatement<'_>,
    tag: &Name,
    from: i64,
    limit: usize,
) -> Result<Vec<i64>, Fault> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut positions = Vec::new();
    let mut rows = statement.query((tag.as_str(), from, limit))?;
    while let Some(row) = rows.next()? {
        positions.push(row.get(0)?);
    }
    Ok(positions)
}

/// The next positions that several tags have in common.
///
/// Each tag in turn is asked for its next position from the candidate on, and what it answers is
/// the new candidate, until all agree: the rarest tag sets the pace (a leapfrog join, Veldhuizen
/// 2014).
fn next_common(
    statement: &mut CachedStatement<'_>,
    tags: &[Name],
    walk: Walk,
) -> Result<Vec<i64>, Fault> {
    let mut found = Vec::new();
    let mut candidate = walk.next;
    let mut agreeing = 0;
    for tag in tags.iter().cycle() {
        let Some(position) = next(statement, tag, candidate, 1)?.first().copied() else {
            break;
        };
        agreeing = if position == candidate { agreeing + 1 } else { 1 };
        candidate = position;
        if agreeing == tags.len() {
            found.push(candidate);
            let Some(after) = candidate.checked_add(walk.step) else {
                break;
            };
            (candidate, agreeing) = (after, 0);
        }
        if found.len() == BATCH {
            break;
        }
    }
    Ok(found)
}

/// Checks an event that matches no alternative: it must at least have the tags of one.
fn check_tagged(
    event: &StoredEvent<'_>,
    names: &EventNames<'_>,
    tag_sets: &[&[Name]],
) -> Result<(), Fault> {
    event.check(names)?;
    let has = |tags: &[Name]| {
        let tags = tags.to_vec();
        let item = QueryItem { tags, ..QueryItem::default() };
        event.matches(names, &Query { items: vec![item] })
    };
    if tag_sets.iter().any(|tags| has(tags)) {
        return Ok(());
    }
    Err(event.damaged("the table of tags leads to an event without the tag"))
}
