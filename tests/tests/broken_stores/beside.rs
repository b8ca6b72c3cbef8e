//! Flaws in what commits together with events: rows, checkpoints, schemas.

use vitae::store::{
    AppendError, Commit, EventStore, ReadError, RegisteredSchema, RowChange, Ticket, ViewRow,
};
use vitae::{CommitId, GlobalPosition, KindVersion, Name, RowVersion};

use crate::commits::changed;
use crate::flaw::Flaw;

fn row_version(log: &dyn EventStore, row: &RowChange) -> Option<RowVersion> {
    Some(log.row(&row.view, &row.key).unwrap()?.version)
}

/// R1: of a commit with a stale row, its checkpoints move nevertheless.
#[derive(Default)]
pub(crate) struct CheckpointsOfRefusedMove;

impl Flaw for CheckpointsOfRefusedMove {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let mut rest = Commit::new(CommitId::generate());
        rest.checkpoints.clone_from(&commit.checkpoints);
        let answer = log.append(commit).wait();
        if let Err(AppendError::StaleRow { .. }) = answer {
            let _ = log.append(rest).wait();
        }
        Ticket::ready(answer)
    }
}

/// R1: of several rows the last is forgotten.
#[derive(Default)]
pub(crate) struct LastRowIsForgotten;

impl Flaw for LastRowIsForgotten {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            if !commit.checkpoints.is_empty() && commit.rows.len() == 2 {
                let last = commit.rows.remove(1);
                // A stale one is noticed, all the same.
                if row_version(log, &last) != last.expected {
                    commit.rows.push(last);
                }
            }
        })
    }
}

/// R1: the last writer of a row wins.
#[derive(Default)]
pub(crate) struct StaleRowsAreWritten;

impl Flaw for StaleRowsAreWritten {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for row in &mut commit.rows {
                let actual = row_version(log, row);
                if row.expected.is_some() && row.expected < actual {
                    row.expected = actual;
                }
            }
        })
    }
}

/// R1: each row of a commit has a version of its own.
#[derive(Default)]
pub(crate) struct EachRowCountsForItself;

/// The version that is shown of a row.
fn shown(version: RowVersion, key: &[u8]) -> Option<RowVersion> {
    RowVersion::new(version.get() << 8 | u64::from(*key.first().unwrap_or(&0)))
}

/// The version that was shown, if it is one.
fn hidden(version: RowVersion, key: &[u8]) -> Option<RowVersion> {
    let hidden = RowVersion::new(version.get() >> 8)?;
    (shown(hidden, key) == Some(version)).then_some(hidden)
}

fn show(row: ViewRow) -> ViewRow {
    ViewRow { version: shown(row.version, &row.key).unwrap(), ..row }
}

impl Flaw for EachRowCountsForItself {
    fn append(&self, log: &dyn EventStore, mut commit: Commit) -> Ticket {
        for row in &mut commit.rows {
            row.expected = row.expected.map(|it| hidden(it, &row.key).unwrap_or(it));
        }
        Ticket::ready(log.append(commit).wait().map_err(|error| match error {
            AppendError::StaleRow { view, key, actual } => {
                let actual = actual.and_then(|actual| shown(actual, &key));
                AppendError::StaleRow { view, key, actual }
            }
            error => error,
        }))
    }

    fn row(
        &self,
        log: &dyn EventStore,
        view: &Name,
        key: &[u8],
    ) -> Result<Option<ViewRow>, ReadError> {
        Ok(log.row(view, key)?.map(show))
    }

    fn rows(
        &self,
        log: &dyn EventStore,
        view: &Name,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<ViewRow>, ReadError> {
        Ok(log.rows(view, prefix, after, limit)?.into_iter().map(show).collect())
    }
}

/// R1: that a row is not there is not looked at.
#[derive(Default)]
pub(crate) struct AbsentRowsAreNotLookedAt;

impl Flaw for AbsentRowsAreNotLookedAt {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            if !commit.events.is_empty() {
                let absent = |row: &RowChange| row.expected.is_none() && row.value.is_none();
                commit.rows.retain(|row| !absent(row) || row_version(log, row).is_none());
            }
        })
    }
}

/// R10: the last writer of a checkpoint wins.
#[derive(Default)]
pub(crate) struct CheckpointsAreOverwritten;

impl Flaw for CheckpointsAreOverwritten {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for moved in &mut commit.checkpoints {
                if let Ok(actual) = log.checkpoint(&moved.name) {
                    moved.from = actual;
                }
            }
        })
    }
}

/// R10: a checkpoint from the future is taken for the head.
#[derive(Default)]
pub(crate) struct CheckpointsFromTheFuture;

impl Flaw for CheckpointsFromTheFuture {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            let head = log.head().unwrap();
            let after = head.map_or(0, GlobalPosition::get) + commit.events.len() as u64;
            for moved in commit.checkpoints.iter_mut().filter(|_| !commit.events.is_empty()) {
                if moved.to.position > GlobalPosition::new(after) {
                    moved.to.position = head;
                }
            }
        })
    }
}

/// R12: the first shape of a kind is for all.
#[derive(Default)]
pub(crate) struct ShapesAreNotCompared;

impl Flaw for ShapesAreNotCompared {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for known in log.schemas().unwrap() {
                for offered in &mut commit.schemas {
                    if (&offered.kind, offered.version) == (&known.kind, known.version) {
                        offered.schema = known.schema.clone();
                    }
                }
            }
        })
    }
}

/// R12: all versions of a kind share a shape.
#[derive(Default)]
pub(crate) struct VersionsShareAShape;

impl Flaw for VersionsShareAShape {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let other = |offered: &&RegisteredSchema| {
            offered.version > KindVersion::FIRST
                && log
                    .schemas()
                    .unwrap()
                    .iter()
                    .any(|known| known.kind == offered.kind && known.schema != offered.schema)
        };
        match commit.schemas.iter().find(other) {
            Some(offered) => Ticket::ready(Err(AppendError::SchemaMismatch {
                kind: offered.kind.clone(),
                version: offered.version,
                stored: offered.schema.clone(),
                offered: offered.schema.clone(),
            })),
            None => log.append(commit),
        }
    }
}
