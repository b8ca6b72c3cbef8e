//! The walk over everything.
//!
//! Owns what must be true of a whole file. Looks at the events first, so that damage has a
//! position where it can have one. Never repairs.

use std::collections::HashMap;

use rusqlite::Connection;
use vitae::CommitId;
use vitae::store::{Direction, Page};

use crate::body::Place;
use crate::error::Fault;
use crate::event::{self, StoredEvent};
use crate::list::{StreamList, Stretch};
use crate::lookup::{self, damage, unsigned};
use crate::moment::Moment;
use crate::names::Names;
use crate::read::{Walk, log_statement, walk_log};
use crate::{bundle, commits, positions, sql};

/// Checks the whole file and returns the number of events.
pub(crate) fn verify(moment: &Moment<'_>, names: &mut Names) -> Result<u64, Fault> {
    let connection = moment.connection;
    // What is remembered may be better than what the file has.
    *names = Names::default();
    let mut found = Found { indexed: moment.indexed, ..Found::default() };
    if let Some(walk) = Walk::new(Direction::Forwards, None, moment.head)? {
        found.walk(connection, names, walk)?;
        check_counts(connection, moment.head)?;
    }
    check_streams(connection, found.streams)?;
    check_bundles(connection)?;
    check_commits(connection, &found.commits)?;
    let stored: u64 =
        connection.prepare_cached(sql::COUNT_TAGS)?.query_row((), |row| Ok(unsigned(row, 0)))??;
    if stored != found.tags {
        return Err(damage("the table of tags holds tags that no event has"));
    }
    check_beside(connection)?;
    check_structure(connection)?;
    Ok(moment.head)
}

/// What the events say, to be held against the indexes.
#[derive(Default)]
struct Found {
    /// Up to which position there are indexes.
    indexed: u64,
    streams: HashMap<i64, Stream>,
    commits: Sum,
    tags: u64,
    /// The events of the commit under way that are still to come.
    to_come: u32,
    /// The place in its commit of the event before.
    place: u32,
}

#[derive(Default)]
struct Stream {
    version: u64,
    indexed: Sum,
    /// Whether one of its payloads is erased.
    erased: bool,
}

/// How many numbers there were, and a hash of them and their order.
#[derive(Default, PartialEq, Eq, Clone, Copy)]
struct Sum {
    count: u64,
    hash: u64,
}

impl Sum {
    fn add(&mut self, number: u64) {
        self.count = self.count.saturating_add(1);
        // FNV-1a's step over whole numbers.
        self.hash = (self.hash ^ number).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }

    /// A commit and where it begins, without regard to the order of commits.
    fn add_commit(&mut self, commit: CommitId, position: u64) {
        let mut alone = Self::default();
        let (halves, _) = commit.as_bytes().as_chunks();
        halves.iter().for_each(|half| alone.add(u64::from_le_bytes(*half)));
        alone.add(position);
        self.count = self.count.saturating_add(1);
        self.hash = self.hash.wrapping_add(alone.hash);
    }
}

impl Found {
    fn walk(
        &mut self,
        connection: &Connection,
        names: &mut Names,
        walk: Walk,
    ) -> Result<(), Fault> {
        let mut page = Page::new();
        let mut has_tag = connection.prepare_cached(sql::HAS_TAG)?;
        let mut statement = log_statement(connection, Direction::Forwards)?;
        walk_log(connection, names, &mut statement, walk, |event, names| {
            page.clear();
            event.push_to(names, &mut page)?;
            self.add(event)?;
            for tag in page.iter().flat_map(|shown| shown.tags()) {
                self.tags = self.tags.saturating_add(1);
                if !has_tag.exists((tag, event.position.cast_signed()))? {
                    return Err(event.damaged("the table of tags does not lead to the event"));
                }
            }
            Ok(true)
        })?;
        if self.to_come > 0 {
            return Err(damage("the last commit has lost its last events"));
        }
        Ok(())
    }

    fn add(&mut self, event: &StoredEvent<'_>) -> Result<(), Fault> {
        let stream = self.streams.entry(event.stream).or_default();
        stream.version = stream.version.saturating_add(1);
        if stream.version != event.version {
            return Err(event.damaged("a version of its stream is missing before it"));
        }
        stream.erased |= event.body.payload.is_err();
        if event.position <= self.indexed {
            stream.indexed.add(event.row.cast_unsigned());
        }
        match event.body.place {
            Place::First(opening) if self.to_come == 0 => {
                self.to_come = opening.events;
                if event.position <= self.indexed {
                    self.commits.add_commit(opening.commit, event.position);
                }
            }
            Place::Later(place) if self.to_come > 0 && place == self.place.saturating_add(1) => {}
            _ => return Err(event.damaged("it does not stand at its place in its commit")),
        }
        self.place = event.body.place.index();
        self.to_come = self.to_come.saturating_sub(1);
        Ok(())
    }
}

/// Each row must say beside its events how many they are. Those of the last row say where the log ends.
fn check_counts(connection: &Connection, head: u64) -> Result<(), Fault> {
    let last = event::at(connection, head, |block, _| Ok(block.last()))?;
    let mut miscounted = connection.prepare_cached(sql::MISCOUNTED)?;
    if last != head || miscounted.exists((head.cast_signed(),))? {
        return Err(damage("a row does not hold as many events as is said beside it"));
    }
    Ok(())
}

/// Every stream's list must hold what its events say, and one with an erased payload be known for it.
fn check_streams(connection: &Connection, mut found: HashMap<i64, Stream>) -> Result<(), Fault> {
    let mut is_erased = connection.prepare_cached(sql::IS_ERASED)?;
    let mut statement = connection.prepare_cached(sql::STREAMS)?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let list = StreamList::numbered(connection, number)?;
        let mut sum = Sum::default();
        list.indexed_blocks(connection)?.into_iter().for_each(|block| sum.add(block));
        let events = found.remove(&number).unwrap_or_default();
        if sum != events.indexed || events.version == 0 {
            return Err(damage("a stream's list does not hold its events"));
        }
        if events.erased && !is_erased.exists((number,))? {
            return Err(damage("a stream with an erased payload is not known for it"));
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(damage("a stream is missing"))
}

/// Every bundle must say what the log says, and belong to a chunk.
fn check_bundles(connection: &Connection) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(sql::BUNDLED_CHUNKS)?;
    let mut rows = statement.query(())?;
    let mut bundles = 0_u64;
    while let Some(row) = rows.next()? {
        let blocks = positions::decode(row.get_ref(2)?.as_blob().unwrap_or_default())?;
        let chunk = Stretch { from: unsigned(row, 1)?, blocks: blocks.into(), bundle: None };
        bundle::check(connection, row.get(3)?, row.get(0)?, &chunk)?;
        bundles = bundles.saturating_add(1);
    }
    let stored: u64 = connection
        .prepare_cached(sql::COUNT_BUNDLES)?
        .query_row((), |row| Ok(unsigned(row, 0)))??;
    if stored == bundles {
        return Ok(());
    }
    Err(damage("a bundle belongs to no part of a stream's list"))
}

/// The index of commits must lead to the first event of each.
fn check_commits(connection: &Connection, found: &Sum) -> Result<(), Fault> {
    let mut sum = Sum::default();
    let mut newest = None;
    commits::walk(connection, |(commit, position)| {
        sum.add_commit(commit, position);
        newest = newest.max(Some(*commit.as_bytes()));
    })?;
    if sum != *found {
        return Err(damage("the index of commits does not hold the commits of the events"));
    }
    if lookup::writer_state(connection)?.newest_indexed == newest {
        return Ok(());
    }
    Err(damage("the newest commit is not the one that the index of commits holds"))
}

/// What is no event: the identity, schemas, commits without events, view rows and checkpoints must be
/// readable, and fit their seals.
fn check_beside(connection: &Connection) -> Result<(), Fault> {
    lookup::log_id(connection)?;
    lookup::schemas(connection)?;
    let mut statement = connection.prepare_cached(sql::BARE_COMMITS)?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        lookup::bare_commit(row)?;
    }
    let mut statement = connection.prepare_cached(sql::ALL_ROWS)?;
    let mut rows = statement.query(())?;
    let given = lookup::writer_state(connection)?.row_version;
    while let Some(row) = rows.next()? {
        let found = lookup::view_row(lookup::name(row, 4)?.as_str(), row)?;
        if found.version.get().cast_signed() > given {
            return Err(damage("a row of a view has a version that was never given"));
        }
    }
    let mut statement = connection.prepare_cached(sql::CHECKPOINT_NAMES)?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        lookup::checkpoint(connection, &lookup::name(row, 0)?)?;
    }
    Ok(())
}

/// What SQLite itself knows to check, indexes against their tables too.
fn check_structure(connection: &Connection) -> Result<(), Fault> {
    let found: String =
        connection.prepare_cached("PRAGMA integrity_check(1)")?.query_row((), |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    Err(damage(&found))
}
