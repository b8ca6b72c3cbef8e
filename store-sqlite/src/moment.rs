//! One moment of the log: what a transaction sees.
//!
//! Owns how the index in the file and the tail in memory become one answer. Never sees an event that
//! its transaction does not.

use std::sync::{PoisonError, RwLock};

use rusqlite::Connection;
use vitae::store::{Damage, Receipt};
use vitae::{CommitId, GlobalPosition, StreamId, Timestamp};

use crate::body::Place;
use crate::error::Fault;
use crate::list::StreamList;
use crate::lookup::{bare_receipt, unsigned};
use crate::names::Names;
use crate::tail::{Entries, Tail};
use crate::{commits, connect, event, sql};

pub(crate) struct Moment<'c> {
    pub(crate) connection: &'c Connection,
    tail: &'c RwLock<Tail>,
    /// Up to which position the file has an index, 0 if none.
    pub(crate) indexed: u64,
    /// The position of the last event, 0 if there is none.
    pub(crate) head: u64,
}

impl<'c> Moment<'c> {
    /// The moment that a transaction has begun in. Of a file that has got another format since it was
    /// opened there is none.
    pub(crate) fn of(connection: &'c Connection, tail: &'c RwLock<Tail>) -> Result<Self, Fault> {
        connect::require_same_format(connection)?;
        let (indexed, head) = connection
            .prepare_cached(sql::MOMENT)?
            .query_row((), |row| Ok((unsigned(row, 0), row.get::<_, Option<i64>>(1)?)))?;
        let indexed = indexed?;
        let head =
            u64::try_from(head.unwrap_or(0)).map_err(|_| damaged("a position is negative"))?;
        if head < indexed {
            return Err(damaged("the last events are missing"));
        }
        Ok(Self { connection, tail, indexed, head })
    }

    /// A stream with the blocks of all its events, `None` if it has none.
    pub(crate) fn stream(&self, id: &StreamId) -> Result<Option<StreamList>, Fault> {
        let Some(mut list) = StreamList::find(self.connection, id)? else {
            return Ok(None);
        };
        self.complete(&mut list)?;
        Ok(Some(list).filter(|list| list.version() > 0))
    }

    /// Adds the blocks that the file has no index of.
    pub(crate) fn complete(&self, list: &mut StreamList) -> Result<(), Fault> {
        self.with_tail(|tail| {
            let blocks = tail.stream(list.number, self.indexed);
            list.extend(blocks.iter().copied().take_while(|block| *block <= self.head));
        })
    }

    /// Everything that the file has no index of.
    pub(crate) fn unindexed(&self) -> Result<Entries, Fault> {
        self.with_tail(|tail| tail.part(self.indexed, self.head))
    }

    /// The same transaction after more events were written in it.
    pub(crate) const fn later(&self, head: u64) -> Self {
        Self { connection: self.connection, tail: self.tail, indexed: self.indexed, head }
    }

    /// Whether a commit is among those that the file has no index of.
    pub(crate) fn is_recent(&self, commit: CommitId) -> Result<bool, Fault> {
        Ok(self.with_tail(|tail| tail.commit(commit))?.is_some_and(|at| at <= self.head))
    }

    /// The receipt of a commit, `None` if it is not in the log.
    pub(crate) fn receipt(
        &self,
        names: &mut Names,
        commit: CommitId,
    ) -> Result<Option<Receipt>, Fault> {
        let recent = self.with_tail(|tail| tail.commit(commit))?;
        if let Some(position) = recent.filter(|position| *position <= self.head) {
            return self.receipt_at(names, commit, position);
        }
        if let Some(position) = commits::find(self.connection, commit)? {
            return self.receipt_at(names, commit, position);
        }
        bare_receipt(self.connection, commit)
    }

    /// The receipt of a commit whose first event stands at a position, if it does.
    fn receipt_at(
        &self,
        names: &mut Names,
        commit: CommitId,
        position: u64,
    ) -> Result<Option<Receipt>, Fault> {
        event::at(self.connection, position, |_, event| {
            let opening = match event.body.place {
                Place::First(opening) if opening.commit == commit => opening,
                _ => return Err(event.damaged("it does not begin the commit that leads to it")),
            };
            event.check(&names.of(self.connection, event)?)?;
            let last = position.saturating_add(u64::from(opening.events).saturating_sub(1));
            let positions = GlobalPosition::new(position).zip(GlobalPosition::new(last));
            let recorded_at = Timestamp::from_micros(event.recorded_at);
            let receipt = Receipt::new(commit, positions, recorded_at, opening.digest);
            Ok(Some(receipt))
        })
    }

    /// Asks the tail, which holds everything between the index and this moment.
    fn with_tail<T>(&self, ask: impl FnOnce(&Tail) -> T) -> Result<T, Fault> {
        let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
        if tail.after() > self.indexed {
            return Err(Fault::Outdated);
        }
        if tail.head() >= self.head {
            return Ok(ask(&tail));
        }
        drop(tail);
        let mut tail = self.tail.write().unwrap_or_else(PoisonError::into_inner);
        if tail.after() > self.indexed {
            return Err(Fault::Outdated);
        }
        tail.catch_up(self.connection, self.indexed, self.head)?;
        Ok(ask(&tail))
    }
}

fn damaged(reason: &str) -> Fault {
    Damage::elsewhere(reason).into()
}
