//! One commit, from the aggregates a caller hands over to the store's answer.

use super::projection::Rows;
use super::set::{CommitSet, sealed::Members};
use super::working::Working;
use super::{Alongside, CommitError, CommitReason, Inner};
use crate::id::CommitId;
use crate::store::{AppendError, Commit, Receipt};

/// How often a commit is put together anew because somebody else was faster.
const MAX_TRIES: u32 = 16;

impl Inner {
    pub(super) fn commit<A: CommitSet>(
        &self,
        mut aggregates: A,
        alongside: &Alongside,
    ) -> Result<(A, Receipt), CommitError<A>> {
        match self.try_commit(&mut aggregates, alongside) {
            Ok(receipt) => Ok((aggregates, receipt)),
            Err(reason) => Err(CommitError::new(aggregates, reason)),
        }
    }

    fn try_commit<A: Members>(
        &self,
        aggregates: &mut A,
        alongside: &Alongside,
    ) -> Result<Receipt, CommitReason> {
        if !aggregates.belong_to(self.home.log) {
            return Err(CommitReason::OtherLog { log: self.home.log });
        }
        if let Some(receipt) = self.outcome_of_attempt(aggregates)? {
            return Ok(receipt);
        }
        let id = aggregates.commit_id().unwrap_or_else(CommitId::generate);
        let mut tries = 0;
        loop {
            tries += 1;
            let (mut working, commit) = self.prepare(aggregates, id, alongside)?;
            let digest = commit.digest();
            let error = match self.store.append(commit).wait() {
                Ok(receipt) => {
                    working.remember(self);
                    aggregates.settle(&mut working);
                    return Ok(receipt);
                }
                Err(error) => error,
            };
            if matches!(error, AppendError::OutcomeUnknown { .. }) {
                aggregates.attempted(id, digest);
            }
            if tries == MAX_TRIES || !self.may_retry(&error, aggregates, alongside)? {
                return Err(CommitReason::Append(error));
            }
        }
    }

    /// A commit whose outcome was unknown: looks whether it is in the log.
    fn outcome_of_attempt<A: Members>(
        &self,
        aggregates: &mut A,
    ) -> Result<Option<Receipt>, CommitReason> {
        let Some(attempt) = aggregates.attempt() else {
            return Ok(None);
        };
        let commit = attempt.commit;
        match self.store.receipt(commit)? {
            None => Ok(None),
            // What was recorded or added since the try is not in the log.
            Some(receipt) if receipt.digest == attempt.digest && aggregates.was_in(commit) => {
                let mut lives = Vec::new();
                aggregates.reload(self, &mut lives)?;
                aggregates.settle(&mut Working::new(commit, lives)?);
                Ok(Some(receipt.repeated()))
            }
            Some(_) => Err(CommitReason::Append(AppendError::IdempotencyConflict { commit })),
        }
    }

    /// Puts the commit together: events, what policies make of them, rows.
    fn prepare<A: Members>(
        &self,
        aggregates: &A,
        id: CommitId,
        alongside: &Alongside,
    ) -> Result<(Working, Commit), CommitReason> {
        let mut lives = Vec::new();
        aggregates.fork(self, &mut lives)?;
        let mut working = Working::new(id, lives)?;
        working.react(self)?;
        let mut commit = working.assemble(self);
        self.project(&working, &mut commit)?;
        commit.checkpoints.clone_from(&alongside.checkpoints);
        commit.conditions.clone_from(&alongside.conditions);
        commit.rows.extend_from_slice(&alongside.rows);
        Ok((working, commit))
    }

    fn project(&self, working: &Working, commit: &mut Commit) -> Result<(), CommitReason> {
        let mut changes = Vec::new();
        for projection in &self.projections.0 {
            let mut rows = Rows::of_store(&projection.view, self.store.as_ref());
            for index in 0..working.events() {
                let Some((event, context)) = working.event(index) else {
                    continue;
                };
                let (kind, version) = (event.kind.as_str(), event.kind_version.get());
                projection.apply(kind, version, &event.payload, &context, &mut rows).map_err(
                    |source| CommitReason::Projection {
                        view: projection.view.clone(),
                        kind: event.kind.clone(),
                        source,
                    },
                )?;
            }
            changes.extend(rows.into_changes());
        }
        commit.rows = changes;
        Ok(())
    }

    /// Whether what was in the way belongs to a policy or an inline projection, so that the commit
    /// can be put together anew on fresh state.
    fn may_retry<A: Members>(
        &self,
        error: &AppendError,
        aggregates: &A,
        alongside: &Alongside,
    ) -> Result<bool, CommitReason> {
        match error {
            AppendError::Conflict { stream, .. } => {
                let mut lives = Vec::new();
                aggregates.fork(self, &mut lives)?;
                Ok(lives.iter().all(|life| life.stream() != stream))
            }
            AppendError::StaleRow { view, key, .. } => {
                Ok(!alongside.rows.iter().any(|row| row.view == *view && row.key == *key))
            }
            _ => Ok(false),
        }
    }
}
