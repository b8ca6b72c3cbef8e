//! Flaws in what is kept of snapshots.

use vitae::CommitId;
use vitae::store::{AppendError, Commit, EventStore, Limits, Ticket};

use crate::commits::{actual, changed};
use crate::flaw::Flaw;

/// R1: of the snapshots of two streams the last is forgotten.
#[derive(Default)]
pub(crate) struct LastSnapshotIsForgotten;

impl Flaw for LastSnapshotIsForgotten {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            if let [first, last] = commit.snapshots.as_slice()
                && first.stream != last.stream
            {
                commit.snapshots.pop();
            }
        })
    }
}

/// R1: a commit of a snapshot alone is said to stand where the log ends.
#[derive(Default)]
pub(crate) struct SnapshotsHavePlaces;

impl Flaw for SnapshotsHavePlaces {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let alone = commit.events.is_empty() && !commit.snapshots.is_empty();
        let mut answer = log.append(commit).wait();
        if let (Ok(receipt), true) = (&mut answer, alone) {
            receipt.positions = log.head().unwrap().map(|head| (head, head));
        }
        Ticket::ready(answer)
    }
}

/// R1: of the snapshots of a version the first is kept.
#[derive(Default)]
pub(crate) struct FirstOfAVersionIsKept;

impl Flaw for FirstOfAVersionIsKept {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for snapshot in commit.snapshots.iter_mut().filter(|_| commit.events.is_empty()) {
                let kept = log.snapshot(&snapshot.stream).unwrap();
                if let Some(kept) = kept.filter(|kept| kept.version == snapshot.version) {
                    *snapshot = kept;
                }
            }
        })
    }
}

/// R1: of a commit with a stale row, its snapshots are kept nevertheless.
#[derive(Default)]
pub(crate) struct SnapshotsOfRefusedAreKept;

impl Flaw for SnapshotsOfRefusedAreKept {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let mut rest = Commit::new(CommitId::generate());
        rest.snapshots.clone_from(&commit.snapshots);
        let answer = log.append(commit).wait();
        if let Err(AppendError::StaleRow { .. }) = answer {
            for snapshot in &mut rest.snapshots {
                let version = actual(log, &snapshot.stream);
                snapshot.version = version.unwrap_or(snapshot.version);
            }
            let _ = log.append(rest).wait();
        }
        Ticket::ready(answer)
    }
}

/// R6: a commit with another snapshot is the same.
#[derive(Default)]
pub(crate) struct SnapshotsAreNoContent;

impl Flaw for SnapshotsAreNoContent {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let (id, any) = (commit.id, !commit.snapshots.is_empty());
        Ticket::ready(log.append(commit).wait().or_else(|error| match error {
            AppendError::IdempotencyConflict { .. } if any => {
                Ok(log.receipt(id).unwrap().unwrap().repeated())
            }
            error => Err(error),
        }))
    }
}

/// R13: of a state that is too large, what fits is kept.
#[derive(Default)]
pub(crate) struct LargeStatesAreCut;

impl Flaw for LargeStatesAreCut {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for snapshot in &mut commit.snapshots {
                let limit = Limits::default().max_snapshot_bytes - snapshot.schema.len();
                snapshot.state.truncate(limit);
            }
        })
    }
}
