//! Flaws in what becomes of a commit.

use vitae::store::{
    AppendError, Commit, EventStore, ExpectedVersion, NameList, Page, Query, QueryItem, Read,
    ReadError, Receipt, RegisteredSchema, RowChange, Ticket,
};
use vitae::{
    CommitId, GlobalPosition, KindVersion, RowVersion, StreamId, StreamVersion, Timestamp,
};
use vitae_tests::{Draft, name, read_pages};

use crate::flaw::Flaw;

/// Appends a commit that was changed.
fn changed(log: &dyn EventStore, mut commit: Commit, change: impl FnOnce(&mut Commit)) -> Ticket {
    change(&mut commit);
    log.append(commit)
}

fn actual(log: &dyn EventStore, stream: &StreamId) -> Option<StreamVersion> {
    let newest = Read::stream(stream.clone()).backwards().page_of(1);
    read_pages(log, newest).first().and_then(|seen| StreamVersion::new(seen.version))
}

fn row_version(log: &dyn EventStore, row: &RowChange) -> Option<RowVersion> {
    Some(log.row(&row.view, &row.key).unwrap()?.version)
}

fn conflict(log: &dyn EventStore, commit: &Commit) -> Option<AppendError> {
    let wrong = |actual| move |expected: ExpectedVersion| !expected.accepts(actual);
    commit.streams.iter().find_map(|stream| {
        let actual = actual(log, &stream.id);
        let (id, expected) = (stream.id.clone(), stream.expected);
        wrong(actual)(expected).then_some(AppendError::Conflict { stream: id, expected, actual })
    })
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

/// R5 and R17: looks first and writes then, and lets others in between.
#[derive(Default)]
pub(crate) struct OthersComeBetween;

impl Flaw for OthersComeBetween {
    fn append(&self, log: &dyn EventStore, mut commit: Commit) -> Ticket {
        let mut looking = Commit::new(CommitId::generate());
        looking.streams.clone_from(&commit.streams);
        looking.conditions.clone_from(&commit.conditions);
        let row = Draft::new().row("looking", b"", None, None).0.rows.remove(0);
        looking.rows.push(row);
        if log.receipt(commit.id).unwrap().is_none()
            && let Err(refused) = log.append(looking).wait()
        {
            return Ticket::ready(Err(refused));
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
        for stream in &mut commit.streams {
            stream.expected = ExpectedVersion::Any;
        }
        commit.conditions.clear();
        log.append(commit)
    }
}

/// R6: what is expected is looked at before who it is.
#[derive(Default)]
pub(crate) struct ConflictsComeFirst;

impl Flaw for ConflictsComeFirst {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        match conflict(log, &commit) {
            Some(error) if log.receipt(commit.id).unwrap().is_some() => Ticket::ready(Err(error)),
            _ => log.append(commit),
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

/// R17: of several conditions the first is looked at.
#[derive(Default)]
pub(crate) struct OneConditionIsLookedAt;

impl Flaw for OneConditionIsLookedAt {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| commit.conditions.truncate(1))
    }
}

/// R17: one of the tags of a condition is enough.
#[derive(Default)]
pub(crate) struct OneTagBreaksACondition;

impl Flaw for OneTagBreaksACondition {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for condition in &mut commit.conditions {
                condition.query.items = one_tag_each(&condition.query.items);
            }
        })
    }
}

pub(crate) fn one_tag_each(items: &[QueryItem]) -> Vec<QueryItem> {
    let each = |item: &QueryItem| match item.tags.as_slice() {
        [] => vec![item.clone()],
        tags => {
            tags.iter().map(|tag| QueryItem { tags: vec![tag.clone()], ..item.clone() }).collect()
        }
    };
    items.iter().flat_map(each).collect()
}

/// R17: the position itself is looked at too.
#[derive(Default)]
pub(crate) struct AfterIsInclusive;

impl Flaw for AfterIsInclusive {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for condition in &mut commit.conditions {
                condition.after = condition.after.and_then(|after| after.previous());
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
