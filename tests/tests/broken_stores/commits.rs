//! Flaws in what becomes of a commit.

use vitae::store::{
    AppendError, Commit, EventStore, ExpectedVersion, NameList, Page, Query, Read, ReadError,
    Receipt, RegisteredSchema, Ticket,
};
use vitae::{CommitId, StreamId, StreamVersion, Timestamp};
use vitae_tests::{Draft, name, read_pages};

use crate::flaw::Flaw;

/// Appends a commit that was changed.
pub(crate) fn changed(
    log: &dyn EventStore,
    mut commit: Commit,
    change: impl FnOnce(&mut Commit),
) -> Ticket {
    change(&mut commit);
    log.append(commit)
}

pub(crate) fn actual(log: &dyn EventStore, stream: &StreamId) -> Option<StreamVersion> {
    let mut page = Page::new();
    log.read(&Read::stream(stream.clone()).backwards().page_of(1), &mut page).unwrap();
    page.iter().next().map(|newest| newest.version())
}

fn conflict(log: &dyn EventStore, commit: &Commit) -> Option<AppendError> {
    let wrong = |actual| move |expected: ExpectedVersion| !expected.accepts(actual);
    commit.streams.iter().find_map(|stream| {
        let actual = actual(log, &stream.id);
        let (id, expected) = (stream.id.clone(), stream.expected);
        wrong(actual)(expected).then_some(AppendError::Conflict { stream: id, expected, actual })
    })
}

/// R3: a receipt names the first event only.
#[derive(Default)]
pub(crate) struct ReceiptsNameOneEvent;

impl Flaw for ReceiptsNameOneEvent {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        Ticket::ready(log.append(commit).wait().map(one_event))
    }

    fn receipt(
        &self,
        log: &dyn EventStore,
        commit: CommitId,
    ) -> Result<Option<Receipt>, ReadError> {
        Ok(log.receipt(commit)?.map(one_event))
    }
}

fn one_event(mut receipt: Receipt) -> Receipt {
    receipt.positions = receipt.positions.map(|(first, _)| (first, first));
    receipt
}

/// R4: the events of a commit are put together by stream.
#[derive(Default)]
pub(crate) struct StreamsAreWrittenInTurn;

impl Flaw for StreamsAreWrittenInTurn {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| commit.events.sort_by_key(|event| event.stream))
    }
}

/// R5: an exact version is a least one.
#[derive(Default)]
pub(crate) struct ExactIsAtLeast;

impl Flaw for ExactIsAtLeast {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for stream in &mut commit.streams {
                if let ExpectedVersion::Exact(version) = stream.expected
                    && actual(log, &stream.id) > Some(version)
                {
                    stream.expected = ExpectedVersion::Any;
                }
            }
        })
    }
}

/// R5: only streams that are appended to are looked at.
#[derive(Default)]
pub(crate) struct ExpectationsNeedAnEvent;

impl Flaw for ExpectationsNeedAnEvent {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for (stream, appended) in commit.appended().into_iter().enumerate() {
                if !appended {
                    commit.streams[stream].expected = ExpectedVersion::Any;
                }
            }
        })
    }
}

/// R5: of several streams that differ, the last is named.
#[derive(Default)]
pub(crate) struct TheLastConflictIsNamed;

impl Flaw for TheLastConflictIsNamed {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let mut backwards = commit.clone();
        backwards.streams.reverse();
        Ticket::ready(log.append(commit).wait().map_err(|error| match error {
            AppendError::Conflict { .. } => conflict(log, &backwards).unwrap_or(error),
            error => error,
        }))
    }
}

/// R6: what is expected is looked at before who it is.
#[derive(Default)]
pub(crate) struct ConflictsComeFirst;

impl Flaw for ConflictsComeFirst {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let known = log.receipt(commit.id).unwrap();
        match known.and_then(|_| conflict(log, &commit)) {
            Some(error) => Ticket::ready(Err(error)),
            None => log.append(commit),
        }
    }
}

/// R6: the id alone makes a commit the same.
#[derive(Default)]
pub(crate) struct TheIdIsEnough;

impl Flaw for TheIdIsEnough {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        match log.receipt(commit.id).unwrap() {
            Some(receipt) => Ticket::ready(Ok(receipt.repeated())),
            None => log.append(commit),
        }
    }
}

/// R7: who commits is not told that the commit was there already.
#[derive(Default)]
pub(crate) struct CommittingHidesRepetitions;

impl Flaw for CommittingHidesRepetitions {
    fn commit(&self, log: &dyn EventStore, commit: Commit) -> Result<Receipt, AppendError> {
        let mut receipt = log.commit(commit)?;
        receipt.already_appended = false;
        Ok(receipt)
    }
}

/// R8: what caused an event is not kept.
#[derive(Default)]
pub(crate) struct CausesAreLost;

impl Flaw for CausesAreLost {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for event in &mut commit.events {
                event.causation = None;
            }
        })
    }
}

/// R13: of too many tags the first are kept.
#[derive(Default)]
pub(crate) struct TooManyTagsAreCut;

impl Flaw for TooManyTagsAreCut {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for event in &mut commit.events {
                let first: Vec<_> = event.tags.iter().take(64).map(str::to_owned).collect();
                event.tags = NameList::try_from(first).unwrap();
            }
        })
    }
}

/// R13: times are rounded towards 1970 where they are near it.
#[derive(Default)]
pub(crate) struct TimesAreRounded;

impl Flaw for TimesAreRounded {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for event in &mut commit.events {
                if (-1_000_000..0).contains(&event.occurred_at.as_micros()) {
                    event.occurred_at = Timestamp::from_micros(0);
                }
            }
        })
    }
}

/// R3: a commit that is refused for its expectation uses up a position.
#[derive(Default)]
pub(crate) struct RefusedLeaveAGap;

impl RefusedLeaveAGap {
    const HIDDEN: &str = "hidden";
}

impl Flaw for RefusedLeaveAGap {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let answer = log.append(commit).wait();
        if let Err(AppendError::Conflict { .. }) = answer {
            Draft::new().on("hidden/1").event(Self::HIDDEN, b"").must(log);
        }
        Ticket::ready(answer)
    }

    fn read(&self, log: &dyn EventStore, read: &Read, page: &mut Page) -> Result<(), ReadError> {
        crate::reads::filtered(log, read, page, |event| event.kind() != Self::HIDDEN)
    }

    fn schemas(&self, log: &dyn EventStore) -> Result<Vec<RegisteredSchema>, ReadError> {
        let mut schemas = log.schemas()?;
        schemas.retain(|schema| schema.kind != name(Self::HIDDEN));
        Ok(schemas)
    }

    fn verify(&self, log: &dyn EventStore) -> Result<u64, ReadError> {
        let hidden = Read::log(Query::kinds([name(Self::HIDDEN)]));
        Ok(log.verify()? - read_pages(log, hidden).len() as u64)
    }
}
