//! The end of the log that the file has no index of yet, indexed in memory.
//!
//! An index over random streams costs more to keep than the events themselves. So the newest events
//! are indexed here, and written to `streams` and `commits` in one sorted piece (`flush`). What stands
//! here is never the truth: it is read from the events of a file whenever it is not there.
//!
//! Never says anything of events that are not committed, and never of a moment: who asks brings the
//! moment along, the transaction that it reads in.

use foldhash::HashMap;
use rusqlite::Connection;
use vitae::CommitId;

use crate::body::Place;
use crate::error::Fault;
use crate::event;

/// What an index says of the events after one position (exclusive), up to another (inclusive).
pub(crate) struct Entries {
    after: u64,
    pub(crate) head: u64,
    /// For each event its stream and the position of its block.
    pub(crate) events: Vec<(i64, u64)>,
    /// Each commit and the position of its first event.
    pub(crate) commits: Vec<(CommitId, u64)>,
}

impl Entries {
    pub(crate) const fn starting_after(position: u64) -> Self {
        Self { after: position, head: position, events: Vec::new(), commits: Vec::new() }
    }

    /// Adds the next event.
    pub(crate) fn push(&mut self, position: u64, block: u64, stream: i64, place: &Place) {
        self.head = position;
        self.events.push((stream, block));
        if let Place::First(opening) = place {
            self.commits.push((opening.commit, position));
        }
    }

    /// Adds what follows.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.head = other.head;
        self.events.extend_from_slice(&other.events);
        self.commits.extend_from_slice(&other.commits);
    }

    /// The blocks of a stream's events.
    pub(crate) fn stream(&self, number: i64) -> impl Iterator<Item = u64> {
        self.events.iter().filter(move |(stream, _)| *stream == number).map(|(_, block)| *block)
    }
}

/// The events after one position (exclusive), up to another (inclusive).
#[derive(Default, Debug)]
pub(crate) struct Tail {
    after: u64,
    head: u64,
    streams: HashMap<i64, Vec<u64>>,
    commits: HashMap<CommitId, u64>,
}

impl Tail {
    pub(crate) const fn after(&self) -> u64 {
        self.after
    }

    pub(crate) const fn head(&self) -> u64 {
        self.head
    }

    /// The blocks of a stream's events after a position (exclusive).
    pub(crate) fn stream(&self, stream: i64, after: u64) -> &[u64] {
        let blocks = self.streams.get(&stream).map_or(&[][..], Vec::as_slice);
        let listed = blocks.partition_point(|block| *block <= after);
        blocks.get(listed..).unwrap_or_default()
    }

    /// The position of the first event of a commit.
    pub(crate) fn commit(&self, commit: CommitId) -> Option<u64> {
        self.commits.get(&commit).copied()
    }

    /// What it holds after one position (exclusive), up to another (inclusive).
    pub(crate) fn part(&self, after: u64, head: u64) -> Entries {
        let within = |position: u64| position > after && position <= head;
        let blocks = self.streams.iter().flat_map(|(stream, blocks)| {
            let within = blocks.iter().copied().filter(|block| within(*block));
            within.map(|block| (*stream, block))
        });
        let commits = self.commits.iter().map(|(commit, position)| (*commit, *position));
        Entries {
            after,
            head,
            events: blocks.collect(),
            commits: commits.filter(|(_, position)| within(*position)).collect(),
        }
    }

    /// Takes what a transaction has added, once it is committed.
    pub(crate) fn absorb(&mut self, added: Entries) {
        if self.head < added.after {
            // It does not follow: what is missing is read when it is asked for.
            return;
        }
        let head = self.head;
        for (stream, block) in added.events.into_iter().filter(|(_, block)| *block > head) {
            self.streams.entry(stream).or_default().push(block);
        }
        self.commits.extend(added.commits);
        self.head = head.max(added.head);
    }

    /// Reads what is missing up to a position from the events, and forgets what the file has an index
    /// of: everything up to `indexed`.
    pub(crate) fn catch_up(
        &mut self,
        connection: &Connection,
        indexed: u64,
        head: u64,
    ) -> Result<(), Fault> {
        self.forget(indexed);
        if self.head >= head {
            return Ok(());
        }
        let mut read = Entries::starting_after(self.head);
        event::walk(connection, self.head.saturating_add(1), head, |event| {
            let block = event.row.cast_unsigned();
            read.push(event.position, block, event.stream, &event.body.place);
            Ok(())
        })?;
        self.absorb(read);
        Ok(())
    }

    /// Forgets everything up to a position: the file has an index of it.
    pub(crate) fn forget(&mut self, indexed: u64) {
        if indexed <= self.after {
            return;
        }
        if indexed >= self.head {
            (self.after, self.head) = (indexed, indexed);
            // As many will come again: the room for them stays.
            self.streams.clear();
            self.commits.clear();
            return;
        }
        self.after = indexed;
        self.streams.retain(|_, blocks| {
            let listed = blocks.partition_point(|block| *block <= indexed);
            blocks.drain(..listed);
            !blocks.is_empty()
        });
        self.commits.retain(|_, position| *position > indexed);
    }
}
