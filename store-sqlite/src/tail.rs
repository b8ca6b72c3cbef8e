//! The end of the log that the file has no index of yet, indexed in memory.
//!
//! An index over random streams costs more to keep than the events themselves. So the newest events
//! are indexed here, and written to `streams` and `commits` in one sorted piece (`flush`). What stands
//! here is never the truth: it is read from the events of a file whenever it is not there.
//!
//! Never says anything of events that are not committed, and never of a moment: who asks brings the
//! moment along, the transaction that it reads in.

use std::collections::HashMap;

use rusqlite::Connection;
use rustc_hash::FxHashMap;
use vitae::CommitId;

use crate::body::Place;
use crate::error::Fault;
use crate::row;

/// The events after one position (exclusive), up to another (inclusive).
#[derive(Clone, Default, Debug)]
pub(crate) struct Tail {
    after: u64,
    head: u64,
    streams: FxHashMap<i64, Vec<u64>>,
    commits: HashMap<CommitId, u64>,
}

impl Tail {
    pub(crate) fn starting_after(position: u64) -> Self {
        Self { after: position, head: position, ..Self::default() }
    }

    pub(crate) const fn after(&self) -> u64 {
        self.after
    }

    pub(crate) const fn head(&self) -> u64 {
        self.head
    }

    /// Adds the next event.
    pub(crate) fn push(&mut self, position: u64, stream: i64, place: &Place) {
        self.head = position;
        self.streams.entry(stream).or_default().push(position);
        if let Place::First(opening) = place {
            self.commits.insert(opening.commit, position);
        }
    }

    /// The positions of a stream's events after a position (exclusive).
    pub(crate) fn stream(&self, stream: i64, after: u64) -> &[u64] {
        let positions = self.streams.get(&stream).map_or(&[][..], Vec::as_slice);
        let listed = positions.partition_point(|position| *position <= after);
        positions.get(listed..).unwrap_or_default()
    }

    /// The position of the first event of a commit.
    pub(crate) fn commit(&self, commit: CommitId) -> Option<u64> {
        self.commits.get(&commit).copied()
    }

    /// What it holds after one position (exclusive), up to another (inclusive).
    pub(crate) fn part(&self, after: u64, head: u64) -> Self {
        let mut part = Self { after, head, ..Self::default() };
        let within = |position: u64| position > after && position <= head;
        for (stream, positions) in &self.streams {
            let positions: Vec<_> = positions.iter().copied().filter(|at| within(*at)).collect();
            if !positions.is_empty() {
                part.streams.insert(*stream, positions);
            }
        }
        let commits = self.commits.iter().filter(|(_, position)| within(**position));
        part.commits = commits.map(|(commit, position)| (*commit, *position)).collect();
        part
    }

    /// Every stream with its positions, in the order of the streams' numbers.
    pub(crate) fn streams(&self) -> Vec<(i64, &[u64])> {
        let mut streams: Vec<_> =
            self.streams.iter().map(|(stream, positions)| (*stream, &positions[..])).collect();
        streams.sort_unstable_by_key(|(stream, _)| *stream);
        streams
    }

    /// Every commit with its position, in the order of the commits' ids.
    pub(crate) fn commits(&self) -> Vec<(CommitId, u64)> {
        let mut commits: Vec<_> = self.commits.iter().map(|(id, at)| (*id, *at)).collect();
        commits.sort_unstable();
        commits
    }

    /// Takes what a transaction has added, once it is committed.
    pub(crate) fn absorb(&mut self, added: Self) {
        if self.head < added.after {
            // It does not follow: what is missing is read when it is asked for.
            return;
        }
        let head = self.head;
        for (stream, positions) in added.streams {
            let known = self.streams.entry(stream).or_default();
            known.extend(positions.into_iter().filter(|position| *position > head));
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
        let mut read = Self::starting_after(self.head);
        row::walk(connection, self.head.saturating_add(1), head, |row| {
            read.push(row.position, row.stream, &row.body.place);
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
            *self = Self::starting_after(indexed);
            return;
        }
        self.after = indexed;
        self.streams.retain(|_, positions| {
            let listed = positions.partition_point(|position| *position <= indexed);
            positions.drain(..listed);
            !positions.is_empty()
        });
        self.commits.retain(|_, position| *position > indexed);
    }
}
