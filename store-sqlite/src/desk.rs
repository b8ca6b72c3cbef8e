//! What the writer works with.
//!
//! Owns the only connection that writes events, the transactions on it, each of which holds the commits of many
//! callers (group commit), and the three answers that a commit can have. Never takes a commit after one
//! whose outcome is unknown.

mod beside;

use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::Connection;
use vitae::store::{AppendError, Commit, Digest};
use vitae::{CommitId, Timestamp};

use crate::append::{Memory, Stop, Taken, Transaction};
use crate::erase;
use crate::error::Fault;
use crate::flush::{Indexing, flush};
use crate::moment::Moment;
use crate::queue::Answer;
use crate::tail::{Entries, Tail};

/// What the writer has at hand.
pub(crate) struct Desk {
    connection: Connection,
    tail: Arc<RwLock<Tail>>,
    memory: Memory,
    indexing: Indexing,
    /// Why no more commits are taken.
    closed: Option<Closed>,
    /// Whether the log may still hold what was erased.
    traces: bool,
}

/// Why a store takes no more commits.
struct Closed {
    /// What those are answered that come after.
    answer: AppendError,
    /// The commits whose outcome is unknown, and what happened to them.
    uncertain: Vec<AppendError>,
}

impl Closed {
    const fn with(answer: AppendError) -> Self {
        Self { answer, uncertain: Vec::new() }
    }

    fn answer(&self, commit: CommitId) -> AppendError {
        // Of an uncertain commit nothing is known now either.
        let same = |error: &&AppendError| matches!(error, AppendError::OutcomeUnknown { commit: uncertain, .. } if *uncertain == commit);
        self.uncertain.iter().find(same).unwrap_or(&self.answer).clone()
    }
}

/// A commit and its digest.
pub(crate) type Offered<'t> = (&'t Commit, Digest);

/// The commits that somebody hands in, for one transaction.
pub(crate) trait Handed {
    /// One of them, in their order; `None` if there are not so many.
    fn at(&self, index: usize) -> Option<Offered<'_>>;

    /// Asks for more, now that all there were are written. False if there are none.
    fn goes_on(&mut self) -> bool;
}

/// One commit and no more.
pub(crate) struct Alone<'t>(pub(crate) Offered<'t>);

impl Handed for Alone<'_> {
    fn at(&self, index: usize) -> Option<Offered<'_>> {
        Some(self.0).filter(|_| index == 0)
    }

    fn goes_on(&mut self) -> bool {
        false
    }
}

/// All that were handed in until now.
fn all(handed: &dyn Handed) -> impl Iterator<Item = Offered<'_>> {
    (0..).map_while(|index| handed.at(index))
}

impl Desk {
    pub(crate) fn new(connection: Connection, tail: Arc<RwLock<Tail>>, indexing: Indexing) -> Self {
        let memory = Memory::default();
        Self { connection, tail, memory, indexing, closed: None, traces: false }
    }

    /// Takes commits, and says of each what became of it.
    pub(crate) fn answer(&mut self, handed: &mut dyn Handed, now: Timestamp) -> Vec<Answer> {
        if let Some(closed) = &self.closed {
            return all(handed).map(|(commit, _)| Err(closed.answer(commit.id))).collect();
        }
        match self.commit(handed, now) {
            Ok(answers) => answers,
            // Something that one of them had to look at, or was too large for: each for itself tells
            // which.
            Err(AppendError::Damaged(_) | AppendError::Backend(_) | AppendError::StorageFull)
                if handed.at(1).is_some() =>
            {
                all(handed).flat_map(|task| self.answer(&mut Alone(task), now)).collect()
            }
            Err(error) => all(handed).map(|_| Err(error.clone())).collect(),
        }
    }

    /// Takes commits in one transaction. Fails if nothing was written because of a fault.
    fn commit(
        &mut self,
        handed: &mut dyn Handed,
        now: Timestamp,
    ) -> Result<Vec<Answer>, AppendError> {
        // Takes the file before it looks at it: what it finds stays true until the end.
        run_sql(&self.connection, "BEGIN IMMEDIATE")?;
        let taken = self.take(handed, now);
        let (answers, added) = match taken {
            Ok(taken) => taken,
            Err(stop) => {
                self.roll_back();
                return Err(match stop {
                    Stop::Refused(refusal) => {
                        self.closed = Some(Closed::with(refusal.clone()));
                        refusal
                    }
                    Stop::Fault(fault) => fault.into(),
                });
            }
        };
        let Some(added) = added else {
            self.end_unwritten();
            return Ok(answers.into_iter().map(|taken| taken.answer).collect());
        };
        match run_sql(&self.connection, "COMMIT") {
            Ok(()) => {
                self.keep(added);
                self.traces |= all(handed).any(|(commit, _)| !commit.erasures.is_empty());
                if self.traces {
                    self.traces = !erase::empty_log(&self.connection);
                }
                Ok(answers.into_iter().map(|taken| taken.answer).collect())
            }
            Err(fault) => Ok(self.give_up(handed, answers, fault)),
        }
    }

    /// Checks and writes commits, and those that come meanwhile. `None` beside the answers if none of them
    /// wrote anything. Refuses only what all are refused.
    fn take(
        &mut self,
        handed: &mut dyn Handed,
        now: Timestamp,
    ) -> Result<(Vec<Taken>, Option<Added>), Stop> {
        let moment = Moment::of(&self.connection, &self.tail)?;
        let mut transaction = Transaction::begin(moment, &mut self.memory, now)?;
        let mut answers = Vec::new();
        while handed.at(answers.len()).is_some() || handed.goes_on() {
            let Some((commit, digest)) = handed.at(answers.len()) else { break };
            answers.push(match transaction.take(commit, digest) {
                Ok(taken) => taken,
                Err(Stop::Refused(refusal)) => Taken { answer: Err(refusal), certain: false },
                Err(fault) => return Err(fault),
            });
        }
        let (wrote, moment, entries) = transaction.end()?;
        if !wrote {
            return Ok((answers, None));
        }
        let due = entries.head.saturating_sub(moment.indexed) >= self.indexing.every.max(1);
        let indexed = if due { Some(write_index(&moment, &entries, self.indexing)?) } else { None };
        Ok((answers, Some(Added { entries, indexed })))
    }

    fn keep(&self, added: Added) {
        let mut tail = self.tail.write().unwrap_or_else(PoisonError::into_inner);
        tail.absorb(added.entries);
        if let Some(indexed) = added.indexed {
            tail.forget(indexed);
        }
    }

    /// Says what is known of commits whose `COMMIT` failed.
    fn give_up(&mut self, handed: &dyn Handed, answers: Vec<Taken>, fault: Fault) -> Vec<Answer> {
        let unwritten = unwritten(&self.connection, &fault);
        self.roll_back();
        if let Some(error) = unwritten {
            // What was in the log before is there nevertheless.
            let answer =
                |taken: Taken| if taken.certain { taken.answer } else { Err(error.clone()) };
            return answers.into_iter().map(answer).collect();
        }
        let source = fault.into_source();
        let mut closed = Closed::with(AppendError::Closed);
        let mut known = Vec::with_capacity(answers.len());
        for ((commit, _), taken) in all(handed).zip(answers) {
            known.push(match taken.answer {
                answer if taken.certain => answer,
                Ok(_) => {
                    let (commit, source) = (commit.id, Arc::clone(&source));
                    let unknown = AppendError::OutcomeUnknown { commit, source };
                    closed.uncertain.push(unknown.clone());
                    Err(unknown)
                }
                // It was refused because of commits of which nothing is known, perhaps.
                Err(_) => Err(AppendError::Closed),
            });
        }
        self.closed = Some(closed);
        known
    }

    /// Undoes what was written. What was remembered of it is forgotten.
    fn roll_back(&mut self) {
        self.memory = Memory::default();
        self.end_unwritten();
    }

    /// Ends a transaction in which nothing was written, or nothing is to stay.
    fn end_unwritten(&mut self) {
        if !ended(&self.connection) {
            self.closed = Some(Closed::with(AppendError::Closed));
        }
    }

    /// When no more commits come: indexes what has no index, in a transaction of its own, and empties the
    /// log if it may still hold what was erased.
    pub(crate) fn clear_up(&mut self) {
        if self.closed.is_none() {
            // Of no harm if it fails: whoever opens the file next does it.
            let _ = self.index();
            // If somebody reads still, it is for the last handle, which removes the log.
            if self.traces {
                self.traces = !erase::empty_log(&self.connection);
            }
        }
    }

    fn index(&self) -> Result<(), Fault> {
        run_sql(&self.connection, "BEGIN IMMEDIATE")?;
        let moment = Moment::of(&self.connection, &self.tail)?;
        if moment.head > moment.indexed {
            write_index(&moment, &Entries::starting_after(moment.head), self.indexing)?;
        }
        run_sql(&self.connection, "COMMIT")
    }
}

/// What is known to be the matter with a transaction whose `COMMIT` failed and that has left nothing;
/// `None` if it may stand in the log.
fn unwritten(connection: &Connection, fault: &Fault) -> Option<AppendError> {
    match fault {
        // No room for the last frame, or no lock: the log holds no end of this transaction.
        Fault::Full => Some(AppendError::StorageFull),
        Fault::Busy if !connection.is_autocommit() => Some(AppendError::Busy),
        _ => None,
    }
}

/// Undoes what a transaction has written. False if it goes on, and holds the file, for want of an end.
fn ended(connection: &Connection) -> bool {
    run_sql(connection, "ROLLBACK").is_ok() || connection.is_autocommit()
}

/// What a transaction has added to the log.
struct Added {
    entries: Entries,
    /// Up to which position it has written an index, if it has.
    indexed: Option<u64>,
}

/// Writes the index of everything that has none.
fn write_index(moment: &Moment<'_>, added: &Entries, indexing: Indexing) -> Result<u64, Fault> {
    let mut all = moment.unindexed()?;
    all.extend(added);
    let head = all.head;
    flush(moment.connection, all, indexing)?;
    Ok(head)
}

fn run_sql(connection: &Connection, sql: &str) -> Result<(), Fault> {
    connection.prepare_cached(sql)?.execute(())?;
    Ok(())
}
