//! Commits, in the transaction that holds the file.
//!
//! Owns the order in which a commit is checked (`check`) and written (`write`). Everything is checked
//! before anything is written, so that a commit that is refused leaves no trace in a transaction that
//! holds others too. Never begins or ends the transaction.

mod check;
mod memory;
mod write;

use std::sync::Arc;

use foldhash::HashMap;
use rusqlite::{CachedStatement, Connection};
use vitae::store::{AppendError, Commit, Digest, ExpectedVersion, InvalidCommit, Receipt};
use vitae::{CommitId, StreamId, StreamVersion, Timestamp};

use crate::error::Fault;
use crate::lookup::{self, WriterState};
use crate::moment::Moment;
use crate::queue::Answer;
use crate::sql;
use crate::tail::Entries;

pub(crate) use memory::Memory;

/// Why a commit is not written: refused by a rule, or stopped by a fault.
pub(crate) enum Stop {
    Refused(AppendError),
    Fault(Fault),
}

impl Stop {
    fn into_fault(self) -> Self {
        match self {
            Self::Refused(refusal) => Self::Fault(Fault::Other(Arc::new(refusal))),
            fault => fault,
        }
    }
}

type Step<T> = Result<T, Stop>;

/// What is said of a commit, and whether that holds whatever becomes of the transaction.
pub(crate) struct Taken {
    pub(crate) answer: Answer,
    pub(crate) certain: bool,
}

pub(crate) struct Transaction<'c> {
    moment: Moment<'c>,
    memory: &'c mut Memory,
    now: Timestamp,
    /// What the transaction has added.
    pending: Entries,
    receipts: HashMap<CommitId, Receipt>,
    log: WriterState,
    insert_block: CachedStatement<'c>,
    wrote: bool,
}

impl<'c> Transaction<'c> {
    /// Looks at a transaction that has just begun.
    pub(crate) fn begin(moment: Moment<'c>, memory: &'c mut Memory, now: Timestamp) -> Step<Self> {
        if memory.head != moment.head {
            *memory = Memory::default();
            memory.head = moment.head;
        }
        memory.make_room();
        let log = lookup::writer_state(moment.connection)?;
        Ok(Self {
            pending: Entries::starting_after(moment.head),
            insert_block: moment.connection.prepare_cached(sql::INSERT_BLOCK)?,
            moment,
            memory,
            now,
            receipts: HashMap::default(),
            log,
            wrote: false,
        })
    }

    /// Ends the work: whether anything was written, the moment it began in, and what it has added.
    pub(crate) fn end(mut self) -> Step<(bool, Moment<'c>, Entries)> {
        self.write_block()?;
        self.memory.head = self.pending.head;
        Ok((self.wrote, self.moment, self.pending))
    }

    /// Takes a commit that has passed [`Commit::check`].
    pub(crate) fn take(&mut self, commit: &Commit, digest: Digest) -> Step<Taken> {
        if let Some(taken) = self.repeated(commit.id, digest)? {
            return Ok(taken);
        }
        let plan = self.check(commit)?;
        self.wrote = true;
        // Written in part, a commit may not stay: the transaction has to end.
        let receipt = self.write(commit, digest, plan).map_err(Stop::into_fault)?;
        self.receipts.insert(commit.id, receipt.clone());
        Ok(Taken { answer: Ok(receipt), certain: false })
    }

    const fn connection(&self) -> &'c Connection {
        self.moment.connection
    }

    /// What is said of a commit whose id is in the log.
    fn repeated(&mut self, id: CommitId, digest: Digest) -> Step<Option<Taken>> {
        let (receipt, certain) = match self.receipts.get(&id) {
            Some(receipt) => (receipt.clone(), false),
            None if self.is_new(id)? => return Ok(None),
            None => match self.moment.receipt(&mut self.memory.names, id)? {
                Some(receipt) => (receipt, true),
                None => return Ok(None),
            },
        };
        let answer = if receipt.digest == digest {
            Ok(receipt.repeated())
        } else {
            Err(AppendError::IdempotencyConflict { commit: id })
        };
        Ok(Some(Taken { answer, certain }))
    }

    /// Whether it is certain without looking that a commit is not in the log.
    fn is_new(&self, id: CommitId) -> Step<bool> {
        Ok(self.log.newest_indexed.is_none_or(|newest| newest < *id.as_bytes())
            && self.log.newest_bare.is_none_or(|newest| newest < *id.as_bytes())
            && !self.moment.is_recent(id)?)
    }
}

fn conflict(id: &StreamId, expected: ExpectedVersion, actual: Option<StreamVersion>) -> Stop {
    Stop::Refused(AppendError::Conflict { stream: id.clone(), expected, actual })
}

fn too_many() -> Stop {
    out_of_range("the position of an event")
}

fn out_of_range(what: &'static str) -> Stop {
    Stop::Refused(InvalidCommit::OutOfRange { what }.into())
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        match fault {
            // For good: whoever has made another format of the file will not make this one again.
            Fault::FormatChanged(_) => Self::Refused(fault.into()),
            fault => Self::Fault(fault),
        }
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fault(error.into())
    }
}
