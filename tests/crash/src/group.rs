//! Commits that share a transaction.
//!
//! Owns the clock that makes them: a writer asks for the time before it takes what waits, so whoever
//! stops the clock lets commits gather. Never judges.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use vitae::store::{AppendError, Commit, EventStore, Receipt};
use vitae::{Clock, Timestamp};

use crate::disk::Disk;
use crate::workload::{Failed, Record, draft, run};

/// A clock for [`Options::clock`](vitae_sqlite::Options::clock), with which commits are appended
/// together. It says another time whenever it is asked: what was taken together was recorded at one
/// time, and nothing else was.
#[derive(Default)]
pub struct Group {
    state: Mutex<State>,
    started: Condvar,
}

#[derive(Default)]
struct State {
    stopped: bool,
    asked: i64,
}

impl Group {
    /// A clock that runs.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Appends commits in one transaction.
    #[must_use]
    pub fn append(
        &self,
        store: &dyn EventStore,
        commits: &[Commit],
    ) -> Vec<Result<Receipt, AppendError>> {
        self.state().stopped = true;
        let tickets: Vec<_> = commits.iter().map(|commit| store.append(commit.clone())).collect();
        self.state().stopped = false;
        self.started.notify_all();
        tickets.into_iter().map(|ticket| ticket.wait()).collect()
    }

    /// Appends the next commits of authors in one transaction, and records what became of them. That of
    /// one author alone is committed as [`run`] does.
    pub fn run(
        &self,
        store: &dyn EventStore,
        authors: &[u8],
        record: &Record,
        disk: &Disk,
    ) -> Vec<Result<Receipt, Failed>> {
        if let [author] = authors {
            return vec![run(store, *author, record, disk)];
        }
        let drafts = authors.iter().map(|author| draft(store, *author));
        let (drafts, unread): (Vec<_>, Vec<_>) = drafts.partition(Result::is_ok);
        let commits: Vec<_> = drafts.into_iter().flatten().collect();
        commits.iter().for_each(|commit| record.attempt(commit.clone()));
        let answers = self.append(store, &commits).into_iter().zip(commits);
        let answers = answers.map(|(answer, commit)| match answer {
            Ok(receipt) => {
                record.acknowledge(receipt.clone(), disk);
                Ok(receipt)
            }
            Err(error) => Err(Failed::Append(Box::new(commit), error)),
        });
        let unread =
            unread.into_iter().filter_map(Result::err).map(|error| Err(Failed::Read(error)));
        answers.chain(unread).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Group {
    fn now(&self) -> Timestamp {
        let waited = self.started.wait_while(self.state(), |state| state.stopped);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.asked += 1;
        Timestamp::from_micros(state.asked)
    }
}
