//! Flaws in what becomes of erased payloads, and of what is imported.

use std::sync::Mutex;

use vitae::GlobalPosition;
use vitae::StreamId;
use vitae::store::{
    AppendError, Commit, Direction, EventStore, InvalidCommit, Page, Query, Read, ReadError,
    Selection, Snapshot, Ticket,
};

use crate::commits::changed;
use crate::flaw::Flaw;
use crate::reads::filtered;

/// The stream of the event at a position and whether its payload is erased, if there is one.
fn looked_up(log: &dyn EventStore, position: GlobalPosition) -> Option<(StreamId, bool)> {
    let mut page = Page::new();
    log.read(&Read::log(Query::all()).from_position(position).page_of(1), &mut page).unwrap();
    let event = page.iter().next()?;
    let stream = StreamId::new(event.category(), event.stream()).unwrap();
    Some((stream, event.payload().is_err()))
}

/// R11: backwards, what was erased is passed over.
#[derive(Default)]
pub(crate) struct ErasedAreMissedBackwards;

impl Flaw for ErasedAreMissedBackwards {
    fn read(&self, log: &dyn EventStore, read: &Read, page: &mut Page) -> Result<(), ReadError> {
        let stream = matches!(read.selection, Selection::Stream { .. });
        let backwards = stream && read.direction == Direction::Backwards;
        filtered(log, read, page, |event| !backwards || event.payload().is_ok())
    }
}

/// R11: what was erased cannot be erased again.
#[derive(Default)]
pub(crate) struct ErasedOnce;

impl Flaw for ErasedOnce {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let erased = |position: &&GlobalPosition| {
            looked_up(log, **position).is_some_and(|(_, erased)| erased)
        };
        match commit.erasures.iter().find(erased) {
            Some(position) if log.receipt(commit.id).unwrap().is_none() => {
                let again = InvalidCommit::RepeatedErasure { position: *position };
                Ticket::ready(Err(again.into()))
            }
            _ => log.append(commit),
        }
    }
}

/// R11: what comes erased is taken for empty.
#[derive(Default)]
pub(crate) struct ErasedIsEmpty;

impl Flaw for ErasedIsEmpty {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for event in &mut commit.events {
                if event.payload.bytes().is_err() {
                    event.payload = Vec::new().into();
                }
            }
        })
    }
}

/// R11: a commit that erases something else is the same.
#[derive(Default)]
pub(crate) struct ErasuresAreNoContent;

impl Flaw for ErasuresAreNoContent {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let (id, any) = (commit.id, !commit.erasures.is_empty());
        Ticket::ready(log.append(commit).wait().or_else(|error| match error {
            AppendError::IdempotencyConflict { .. } if any => {
                Ok(log.receipt(id).unwrap().unwrap().repeated())
            }
            error => Err(error),
        }))
    }
}

/// R11: the state that a snapshot keeps outlives the payloads that it was made of.
#[derive(Default)]
pub(crate) struct SnapshotsOutliveErasures(Mutex<Vec<Snapshot>>);

impl Flaw for SnapshotsOutliveErasures {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let streams = commit.erasures.iter().filter_map(|at| looked_up(log, *at));
        let kept = streams.filter_map(|(stream, _)| log.snapshot(&stream).unwrap());
        self.0.lock().unwrap().extend(kept);
        log.append(commit)
    }

    fn snapshot(
        &self,
        log: &dyn EventStore,
        stream: &StreamId,
    ) -> Result<Option<Snapshot>, ReadError> {
        let outlived = self.0.lock().unwrap().iter().find(|kept| kept.stream == *stream).cloned();
        Ok(log.snapshot(stream)?.or(outlived))
    }
}

/// R11: what is imported is taken for new.
#[derive(Default)]
pub(crate) struct ImportsAreNew;

impl Flaw for ImportsAreNew {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let mut new = Commit::new(commit.id);
        new.streams = commit.streams;
        new.events = commit.events;
        new.conditions = commit.conditions;
        new.checkpoints = commit.checkpoints;
        new.rows = commit.rows;
        new.snapshots = commit.snapshots;
        new.erasures = commit.erasures;
        new.schemas = commit.schemas;
        log.append(new)
    }
}

/// R13: what is to be erased behind the head is passed over.
#[derive(Default)]
pub(crate) struct ErasuresBehindTheHead;

impl Flaw for ErasuresBehindTheHead {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            let head = log.head().unwrap();
            commit.erasures.retain(|position| Some(*position) <= head);
        })
    }
}
