//! Flaws in what a read finds.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use vitae::store::{
    Checkpoint, Commit, Damage, Direction, EventRef, EventStore, Page, Read, ReadError, Receipt,
    RegisteredSchema, Selection, Ticket, ViewRow,
};
use vitae::{CommitId, Name, StreamId};

use crate::conditions::one_tag_each;
use crate::flaw::Flaw;

type Answer<T> = Result<T, ReadError>;

/// A page without some of its events.
pub(crate) fn filtered(
    log: &dyn EventStore,
    read: &Read,
    page: &mut Page,
    mut keep: impl FnMut(&EventRef<'_>) -> bool,
) -> Answer<()> {
    page.clear();
    let mut whole = Page::new();
    let mut next = Some(read.clone());
    while let Some(read) = next.filter(|_| page.is_empty()) {
        log.read(&read, &mut whole)?;
        whole.iter().filter(&mut keep).for_each(|event| page.keep(&event));
        next = whole.next_read(&read);
        if next.is_some() && !page.is_empty() {
            page.set_more();
        }
    }
    Ok(())
}

/// R3: while a commit is under way, a position behind a missing one is shown.
#[derive(Default)]
pub(crate) struct LaterPositionsComeFirst {
    under_way: AtomicUsize,
}

impl Flaw for LaterPositionsComeFirst {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let ticket = log.append(commit);
        std::thread::sleep(Duration::from_micros(500));
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        ticket
    }

    fn read(&self, log: &dyn EventStore, read: &Read, page: &mut Page) -> Answer<()> {
        let holes = self.under_way.load(Ordering::SeqCst) > 0;
        let mut number = 0;
        filtered(log, read, page, |_| {
            number += 1;
            !(holes && number == 9)
        })
    }
}

/// R7: of a commit without an event nothing is known.
#[derive(Default)]
pub(crate) struct ReceiptsAreForEvents;

impl Flaw for ReceiptsAreForEvents {
    fn receipt(&self, log: &dyn EventStore, commit: CommitId) -> Answer<Option<Receipt>> {
        Ok(log.receipt(commit)?.filter(|receipt| receipt.positions.is_some()))
    }
}

/// R8: backwards, a stream is read from below the version that was said.
#[derive(Default)]
pub(crate) struct BackwardsIsExclusive;

impl Flaw for BackwardsIsExclusive {
    fn read(&self, log: &dyn EventStore, read: &Read, page: &mut Page) -> Answer<()> {
        let mut read = read.clone();
        if let (Selection::Stream { from: Some(from), .. }, Direction::Backwards) =
            (&mut read.selection, read.direction)
            && from.get() < u64::MAX
        {
            *from = from.previous().unwrap_or(*from);
        }
        log.read(&read, page)
    }
}

/// R8: an event with one of several tags is found.
#[derive(Default)]
pub(crate) struct TagsAreAlternatives;

impl Flaw for TagsAreAlternatives {
    fn read(&self, log: &dyn EventStore, read: &Read, page: &mut Page) -> Answer<()> {
        let mut read = read.clone();
        if let Selection::Log { query, .. } = &mut read.selection {
            query.items = one_tag_each(&query.items);
        }
        log.read(&read, page)
    }
}

/// R8: a page has as many events as it may, however large they are.
#[derive(Default)]
pub(crate) struct BytesAreNotBounded;

impl Flaw for BytesAreNotBounded {
    fn read(&self, log: &dyn EventStore, read: &Read, page: &mut Page) -> Answer<()> {
        log.read(&Read { max_bytes: usize::MAX, ..read.clone() }, page)
    }
}

/// R8: streams are listed from the one that was said, not after it.
#[derive(Default)]
pub(crate) struct StreamsAreListedFrom;

impl Flaw for StreamsAreListedFrom {
    fn streams(
        &self,
        log: &dyn EventStore,
        category: &Name,
        after: Option<&Name>,
        limit: usize,
    ) -> Answer<Vec<StreamId>> {
        let all = log.streams(category, None, usize::MAX)?;
        let from = |stream: &StreamId| after.is_none_or(|after| stream.id() >= after);
        Ok(all.into_iter().filter(from).take(limit).collect())
    }
}

/// R8: of the events with one of several tags, those within the first 512 are found.
#[derive(Default)]
pub(crate) struct ManyTaggedAreCut;

impl Flaw for ManyTaggedAreCut {
    fn read(&self, log: &dyn EventStore, read: &Read, page: &mut Page) -> Answer<()> {
        let Selection::Log { query, .. } = &read.selection else {
            return log.read(read, page);
        };
        let tagged = query.items.len() > 1 && query.items.iter().all(|item| !item.tags.is_empty());
        filtered(log, read, page, |event| !tagged || event.position().get() <= 512)
    }
}

/// R1: the rows of a view are listed from the last.
#[derive(Default)]
pub(crate) struct RowsAreListedBackwards;

impl Flaw for RowsAreListedBackwards {
    fn rows(
        &self,
        log: &dyn EventStore,
        view: &Name,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Answer<Vec<ViewRow>> {
        let mut rows = log.rows(view, prefix, after, limit)?;
        rows.reverse();
        Ok(rows)
    }
}

/// R10: a checkpoint of another log is handed out as one of this.
#[derive(Default)]
pub(crate) struct CheckpointsAreNotConfirmed;

impl Flaw for CheckpointsAreNotConfirmed {
    fn checkpoint(&self, log: &dyn EventStore, name: &Name) -> Answer<Option<Checkpoint>> {
        log.checkpoint(name).or_else(|error| match error {
            ReadError::Diverged { .. } => {
                let position = log.head()?;
                Ok(Some(Checkpoint { position, checksum: None, cursor: Vec::new() }))
            }
            error => Err(error),
        })
    }
}

/// R11: what has nothing in it has nothing right in it.
#[derive(Default)]
pub(crate) struct EmptyLogsAreDamaged;

impl Flaw for EmptyLogsAreDamaged {
    fn verify(&self, log: &dyn EventStore) -> Answer<u64> {
        match log.verify()? {
            0 => Err(ReadError::Damaged(Damage::elsewhere("there is nothing"))),
            count => Ok(count),
        }
    }
}

/// R12: schemas are listed as they come.
#[derive(Default)]
pub(crate) struct SchemasHaveNoOrder;

impl Flaw for SchemasHaveNoOrder {
    fn schemas(&self, log: &dyn EventStore) -> Answer<Vec<RegisteredSchema>> {
        let mut schemas = log.schemas()?;
        schemas.reverse();
        Ok(schemas)
    }
}

/// R19: a page of no events is none.
#[derive(Default)]
pub(crate) struct NoEventsAreNoPage;

impl Flaw for NoEventsAreNoPage {
    fn read(&self, log: &dyn EventStore, read: &Read, page: &mut Page) -> Answer<()> {
        assert!(read.max_events > 0, "a page of no events");
        log.read(read, page)
    }
}
