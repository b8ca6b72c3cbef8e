//! Commits that come with something else, written on another connection to the file.
//!
//! Owns that both are one transaction, which is held to the rules of all others: nobody else writes
//! meanwhile, and after one of unknown outcome nothing is taken. Never looks at what else is written.

use std::sync::Arc;

use rusqlite::Connection;
use vitae::Timestamp;
use vitae::store::AppendError;

use super::{Closed, Desk, Offered, ended, run_sql, unwritten};
use crate::append::{Memory, Stop, Transaction};
use crate::error::Fault;
use crate::moment::Moment;

impl Desk {
    /// Takes a commit without events, if one comes with it, and what `write` does, all or nothing. The
    /// commit is checked first: if it is refused, nothing else is done.
    pub(crate) fn commit_beside<E: From<AppendError>>(
        &mut self,
        connection: &Connection,
        commit: Option<Offered<'_>>,
        now: Timestamp,
        write: impl FnOnce(&Connection) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(closed) = &self.closed {
            let answer = closed.answer.clone();
            return Err(commit.map_or(answer, |(commit, _)| closed.answer(commit.id)).into());
        }
        run_sql(connection, "BEGIN IMMEDIATE").map_err(AppendError::from)?;
        let written = self.take_beside(connection, commit, now).map_err(E::from);
        if let Err(error) = written.and_then(|()| write(connection)) {
            self.roll_back_beside(connection);
            return Err(error);
        }
        run_sql(connection, "COMMIT").map_err(|fault| {
            let known = unwritten(connection, &fault);
            self.roll_back_beside(connection);
            known.unwrap_or_else(|| self.close_after(commit, fault))
        })?;
        Ok(())
    }

    /// Takes nothing any more: what an fsync has lost is lost for the whole log.
    fn close_after(&mut self, commit: Option<Offered<'_>>, fault: Fault) -> AppendError {
        let source = fault.into_source();
        let unknown = |(commit, _): Offered<'_>| {
            let commit = commit.id;
            AppendError::OutcomeUnknown { commit, source }
        };
        let unknown = commit.map(unknown);
        let mut closed = Closed::with(AppendError::Closed);
        closed.uncertain.extend(unknown.clone());
        self.closed = Some(closed);
        unknown.unwrap_or(AppendError::Closed)
    }

    fn take_beside(
        &mut self,
        connection: &Connection,
        commit: Option<Offered<'_>>,
        now: Timestamp,
    ) -> Result<(), AppendError> {
        let tail = Arc::clone(&self.tail);
        let moment = Moment::of(connection, &tail).map_err(|fault| self.refused(fault.into()))?;
        let mut memory = Memory::default();
        let mut transaction =
            Transaction::begin(moment, &mut memory, now).map_err(|stop| self.refused(stop))?;
        if let Some((commit, digest)) = commit {
            transaction.take(commit, digest).map_err(reason)?.answer?;
        }
        transaction.end().map_err(reason)?;
        Ok(())
    }

    /// What is refused before any commit is looked at is refused for good.
    fn refused(&mut self, stop: Stop) -> AppendError {
        if let Stop::Refused(refusal) = &stop {
            self.closed = Some(Closed::with(refusal.clone()));
        }
        reason(stop)
    }

    fn roll_back_beside(&mut self, connection: &Connection) {
        if !ended(connection) {
            self.closed = Some(Closed::with(AppendError::Closed));
        }
    }
}

fn reason(stop: Stop) -> AppendError {
    match stop {
        Stop::Refused(refusal) => refusal,
        Stop::Fault(fault) => fault.into(),
    }
}
