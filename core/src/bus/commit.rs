//! One commit, from the aggregates a caller hands over to the store's answer.

use super::parts::guarded;
use super::set::sealed::Members;
use super::sight::Committing;
use super::turns::MAX_TRIES;
use super::working::Working;
use super::{Alongside, CommitReason, HandlerError, Inner, LoadError, Rows, sight};
use crate::aggregate::Attempt;
use crate::id::CommitId;
use crate::store::{
    AppendError, Commit, Digest, EventStore, InvalidCommit, Page, Read, Receipt, Ticket,
};

/// How a commit gets to the store.
pub(super) type HandOver = fn(&dyn EventStore, Commit) -> Ticket;

/// Queued, for who does something else meanwhile.
pub(super) fn queued(store: &dyn EventStore, commit: Commit) -> Ticket {
    store.append(commit)
}

/// Waited for at once, which a store may do on this thread.
pub(super) fn at_once(store: &dyn EventStore, commit: Commit) -> Ticket {
    Ticket::ready(store.commit(commit))
}

/// A commit that was handed to the store, with everything to go on from its answer.
pub(super) enum Begun {
    /// An earlier try is in the log.
    Known(Receipt),
    /// The store has it.
    Tried(Box<Try>),
}

/// One try of a commit.
pub(super) struct Try {
    id: CommitId,
    digest: Digest,
    working: Working,
    pub(super) ticket: Ticket,
}

impl Inner {
    /// Hands a commit to the store.
    pub(super) fn begin<A: Members>(
        &self,
        aggregates: &mut A,
        alongside: &Alongside,
        hand_over: HandOver,
        sight: &Committing,
    ) -> Result<Begun, CommitReason> {
        if !aggregates.belong_to(self.home.log) {
            return Err(CommitReason::OtherLog { log: self.home.log });
        }
        if let Some(receipt) = self.outcome_of_attempt(aggregates, alongside)? {
            return Ok(Begun::Known(receipt));
        }
        let id = alongside.commit.or_else(|| aggregates.commit_id());
        let id = id.unwrap_or_else(CommitId::generate);
        self.turns.wait();
        let tried = self.submit(aggregates, id, alongside, (hand_over, Some(sight)))?;
        Ok(Begun::Tried(Box::new(tried)))
    }

    /// Waits for the store's answer, and tries again while only policies and projections are in
    /// the way.
    pub(super) fn conclude<A: Members>(
        &self,
        aggregates: &mut A,
        alongside: &Alongside,
        begun: Begun,
    ) -> Result<Receipt, CommitReason> {
        let mut tried = match begun {
            Begun::Known(receipt) => {
                self.forget_erased(alongside);
                return Ok(receipt);
            }
            Begun::Tried(tried) => *tried,
        };
        let mut turn = None;
        let mut tries = 1;
        loop {
            let Try { id, digest, mut working, ticket } = tried;
            let error = match ticket.wait() {
                Ok(receipt) => {
                    self.forget_erased(alongside);
                    working.remember(self);
                    aggregates.settle(&mut working);
                    return Ok(receipt);
                }
                Err(error) => error,
            };
            if matches!(error, AppendError::OutcomeUnknown { .. }) {
                let alongside = alongside.digest();
                aggregates.attempted(Attempt { commit: id, digest, alongside, events: 0 });
            }
            if !self.may_retry(&error, aggregates, alongside)? {
                return Err(CommitReason::Append(error));
            }
            if tries == MAX_TRIES {
                return Err(CommitReason::Contended { tries, source: error });
            }
            sight::retried();
            self.turns.before_try(tries, &mut turn);
            tries += 1;
            tried = self.submit(aggregates, id, alongside, (at_once, None))?;
        }
    }

    /// A state that is remembered may hold what was erased.
    fn forget_erased(&self, alongside: &Alongside) {
        if !alongside.erasures.is_empty() {
            self.recent.forget_all();
        }
    }

    fn submit<A: Members>(
        &self,
        aggregates: &A,
        id: CommitId,
        alongside: &Alongside,
        (hand_over, sight): (HandOver, Option<&Committing>),
    ) -> Result<Try, CommitReason> {
        let prepared = self.prepare(aggregates, id, alongside, sight);
        let (working, commit) = prepared.map_err(|reason| self.unless_moved(aggregates, reason))?;
        let digest = commit.digest();
        Ok(Try { id, digest, working, ticket: hand_over(&*self.store, commit) })
    }

    /// A commit whose outcome was unknown: looks whether it is in the log.
    fn outcome_of_attempt<A: Members>(
        &self,
        aggregates: &mut A,
        alongside: &Alongside,
    ) -> Result<Option<Receipt>, CommitReason> {
        let Some(attempt) = aggregates.attempt() else {
            return Ok(None);
        };
        let commit = attempt.commit;
        let Some(receipt) = self.store.receipt(commit)? else {
            return Ok(None);
        };
        // What was recorded or added since the try is not in the log.
        let same = receipt.digest == attempt.digest
            && alongside.digest() == attempt.alongside
            && aggregates.was_in(commit);
        if !same {
            return Err(CommitReason::Append(AppendError::IdempotencyConflict { commit }));
        }
        let mut lives = Vec::new();
        aggregates.reload(self, &mut lives)?;
        aggregates.settle(&mut Working::new(commit, lives)?);
        Ok(Some(receipt.repeated()))
    }

    /// Puts the commit together: events, what policies make of them, rows.
    fn prepare<A: Members>(
        &self,
        aggregates: &A,
        id: CommitId,
        alongside: &Alongside,
        sight: Option<&Committing>,
    ) -> Result<(Working, Commit), CommitReason> {
        let mut lives = Vec::new();
        aggregates.fork(self, &mut lives)?;
        let mut working = Working::new(id, lives)?;
        if let Some(sight) = sight {
            let first = || working.event(0).map_or(id, |(event, _)| event.correlation);
            sight.identify(id, first);
        }
        let mut commit = self.complete(&mut working)?;
        commit.checkpoints.clone_from(&alongside.checkpoints);
        commit.conditions.clone_from(&alongside.conditions);
        commit.rows.extend_from_slice(&alongside.rows);
        commit.erasures.clone_from(&alongside.erasures);
        Ok((working, commit))
    }

    /// Adds what policies make of the events, and makes a commit of it, with rows and snapshots.
    pub(super) fn complete(&self, working: &mut Working) -> Result<Commit, CommitReason> {
        working.react(self)?;
        let mut commit = working.assemble(self);
        self.project(working, &mut commit)?;
        commit.snapshots = working.snapshots(self);
        commit.rows.extend(working.timers(&self.unfired).map_err(LoadError::from)?);
        Ok(commit)
    }

    /// Why a commit could not be put together. What a policy makes of lives of which one is out of date says
    /// nothing about it: then it is that somebody else has moved that one.
    fn unless_moved<A: Members>(&self, aggregates: &A, reason: CommitReason) -> CommitReason {
        if !matches!(reason, CommitReason::Policy { .. } | CommitReason::Projection { .. }) {
            return reason;
        }
        match self.moved_meanwhile(aggregates) {
            Ok(Some(conflict)) => CommitReason::Append(conflict),
            // What cannot be read now is no better a reason.
            Ok(None) | Err(_) => reason,
        }
    }

    /// The conflict with the first life that is not as it was loaded any more.
    fn moved_meanwhile<A: Members>(
        &self,
        aggregates: &A,
    ) -> Result<Option<AppendError>, CommitReason> {
        let mut lives = Vec::new();
        aggregates.fork(self, &mut lives)?;
        let mut page = Page::new();
        for life in lives {
            let (stream, expected) = (life.stream().clone(), life.expected());
            let last = Read::stream(stream.clone()).backwards().page_of(1);
            self.store.read(&last, &mut page)?;
            let actual = page.iter().next().map(|event| event.version());
            if !expected.accepts(actual) {
                return Ok(Some(AppendError::Conflict { stream, expected, actual }));
            }
        }
        Ok(None)
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
                let payload = event.payload.bytes().map_err(HandlerError::from);
                payload
                    .and_then(|payload| {
                        guarded(|| projection.apply(kind, version, payload, &context, &mut rows))
                    })
                    .map_err(|source| CommitReason::Projection {
                        view: projection.view.clone(),
                        kind: event.kind.clone(),
                        source,
                    })?;
            }
            changes.extend(rows.into_changes());
        }
        commit.rows = changes;
        Ok(())
    }

    /// Whether what was in the way belongs to a policy, an inline projection or a snapshot, so that
    /// the commit can be put together anew.
    pub(super) fn may_retry<A: Members>(
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
            AppendError::Invalid(InvalidCommit::SnapshotTooLarge { limit, .. }) => {
                self.snapshots.bound(*limit);
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
