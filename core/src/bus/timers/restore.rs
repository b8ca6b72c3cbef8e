//! Timers out of the log: those that no commit has set.
//!
//! Owns what the events of a life say of its timers. Must agree with what a commit sets.

use std::ops::ControlFlow;

use super::{PendingTimer, VIEW};
use crate::aggregate::{Fold, FoldReason, context_of};
use crate::bus::{Bus, Inner, LoadError};
use crate::id::CommitId;
use crate::lifecycle::Lifecycle;
use crate::name::{InvalidName, StreamId};
use crate::store::{AppendError, Commit, Page, Read, RowChange};

/// How many rows are put in one commit.
const AT_ONCE: usize = 256;

/// Why timers were not restored, or not all.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreTimersError {
    /// A life could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store did not acknowledge the timers.
    #[error("the timers were not acknowledged")]
    Append(#[source] AppendError),
}

impl Bus {
    /// Sets the timers that the lives of a lifecycle wait for and that no commit has set: because they
    /// were declared later, or because the log was imported. Says how many. They run from when their
    /// state was entered, so some may be due at once. Those that policies had set are not on the log, and
    /// are not among them.
    ///
    /// Folds every stream of the lifecycle from its first event, as
    /// [`edges_taken`](Self::edges_taken) does. A life with an erased payload can go on no more, and
    /// waits for nothing.
    ///
    /// # Errors
    /// [`RestoreTimersError`]; what was set before it stays. A retry is safe, and so is doing it again:
    /// a timer that is set, or has fired, is not set a second time.
    pub fn restore_timers<L: Lifecycle>(&self) -> Result<usize, RestoreTimersError> {
        let inner = &self.inner;
        inner.schemas.ensure::<L>(inner.store.as_ref()).map_err(LoadError::from)?;
        let (mut missing, mut restored) = (Vec::new(), 0);
        let mut page = Page::new();
        for stream in self.streams::<L>() {
            let stream = stream.map_err(LoadError::from)?;
            for timer in inner.waiting::<L>(&mut page, &stream)? {
                let row = inner.store.row(&VIEW, &timer.key()).map_err(LoadError::from)?;
                if row.is_none() {
                    missing.push(timer.change(None).map_err(LoadError::from)?);
                }
            }
            if missing.len() >= AT_ONCE {
                restored += inner.put(std::mem::take(&mut missing))?;
            }
        }
        Ok(restored + inner.put(missing)?)
    }
}

impl Inner {
    /// What a life waits for, by all of its events.
    fn waiting<L: Lifecycle>(
        &self,
        page: &mut Page,
        stream: &StreamId,
    ) -> Result<Vec<PendingTimer>, LoadError> {
        let definition = L::DEFINITION;
        let mut fold = Fold::<L>::new(stream.clone());
        let mut waiting: Vec<PendingTimer> = Vec::new();
        let read = self.store.visit_in(page, Read::stream(stream.clone()), |event| {
            let from = fold.standing();
            fold.push(event)?;
            let kind = definition.event(event.kind());
            let edge = kind.and_then(|kind| definition.edge(from, kind));
            if edge.and_then(|edge| definition.edges.get(edge)).is_some_and(|edge| edge.enters()) {
                let context = context_of(stream.clone(), event);
                let timers = fold.state().timers().into_iter();
                let timers = timers.map(|it| PendingTimer::set_by(&context, it.kind, it.after));
                waiting = timers.collect::<Result<_, InvalidName>>()?;
            }
            waiting.retain(|timer| !timer.has_made(event));
            Ok(ControlFlow::Continue(()))
        });
        match read {
            Ok(()) => Ok(waiting),
            Err(LoadError::Fold(error)) if matches!(error.reason, FoldReason::Erased(_)) => {
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    /// Puts rows that are not there. Those that somebody else has put meanwhile are left out.
    fn put(&self, mut rows: Vec<RowChange>) -> Result<usize, RestoreTimersError> {
        while !rows.is_empty() {
            let mut commit = Commit::new(CommitId::generate());
            commit.rows.clone_from(&rows);
            match self.store.commit(commit) {
                Ok(_) => {
                    self.parts.ring();
                    break;
                }
                Err(AppendError::StaleRow { key, .. }) => rows.retain(|row| row.key != key),
                Err(error) => return Err(RestoreTimersError::Append(error)),
            }
        }
        Ok(rows.len())
    }
}
