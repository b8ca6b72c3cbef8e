//! The partitions that a member has, and the events of them that were read and not yet done.
//!
//! Owns what is read next and what is given out next. Never holds more of a partition than one batch,
//! and never decides which partitions there are.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::partition::partition_of;
use crate::number::{GlobalPosition, RowVersion};
use crate::store::{Checkpoint, EventStore, Page, Query, Read, ReadError, Subscription};

/// How far a checkpoint may fall behind for want of events of its partition: whoever has it next reads
/// no more than this in vain.
const MAX_LAG: u64 = 1_024;

/// A partition that the member has.
pub(super) struct Part {
    /// The token of the lease, and the version of its row.
    pub(super) token: u64,
    pub(super) version: RowVersion,
    /// The checkpoint as it is in the store; `None` if the group began with the first event, and
    /// nothing of the partition was done.
    pub(super) checkpoint: Option<Checkpoint>,
    /// Up to where the log was read for it: what there is up to here is in `page`, or done.
    pub(super) read: Option<GlobalPosition>,
    /// The events that come next.
    pub(super) page: Page,
    /// Whether they were given out before.
    pub(super) offered: bool,
}

impl Part {
    pub(super) fn new(token: u64, version: RowVersion, checkpoint: Option<Checkpoint>) -> Self {
        let read = place(checkpoint.as_ref());
        Self { token, version, checkpoint, read, page: Page::new(), offered: false }
    }

    /// Takes over where the checkpoint was moved to.
    pub(super) fn moved_to(&mut self, checkpoint: Option<Checkpoint>) {
        let done = place(checkpoint.as_ref());
        let last = self.page.iter().next_back().map(|event| event.position());
        // An earlier batch that was committed late leaves some of a later one, to be read again.
        self.read = if last > done { done } else { self.read.max(done) };
        self.checkpoint = checkpoint;
        self.page.clear();
        self.offered = false;
    }

    /// Up to where the checkpoint is to be moved although no event of the partition has come.
    pub(super) fn passed_over(&self) -> Option<GlobalPosition> {
        let number = |position: Option<GlobalPosition>| position.map_or(0, GlobalPosition::get);
        let lag = number(self.read).saturating_sub(number(place(self.checkpoint.as_ref())));
        self.read.filter(|_| self.page.is_empty() && lag >= MAX_LAG)
    }
}

fn place(checkpoint: Option<&Checkpoint>) -> Option<GlobalPosition> {
    checkpoint.and_then(|checkpoint| checkpoint.position)
}

/// What a member has to do.
pub(super) enum Next {
    /// The events of a partition.
    Of(u16),
    /// To read on: what was read is of others' partitions.
    More,
    /// Nothing, up to the end of the log.
    Nothing,
}

/// The partitions that a member has.
pub(super) struct Held {
    pub(super) parts: BTreeMap<u16, Part>,
    partitions: u16,
    query: Query,
    /// One scan of the log, and what a part may hold.
    page: Read,
    /// The partition that a batch was given out of last, and the one for which the log was read last.
    given: u16,
    scanned: u16,
}

impl Held {
    pub(super) fn new(partitions: u16, query: Query, batch: usize) -> Self {
        let page = Read::log(query.clone()).page_of(batch);
        Self { parts: BTreeMap::new(), partitions, query, page, given: 0, scanned: 0 }
    }

    /// What comes next. Events that were given out before come again when there is nothing else.
    pub(super) fn next(&mut self, store: &Arc<dyn EventStore>) -> Result<Next, ReadError> {
        let mut next = self.next_to_give(false);
        if next.is_none() {
            let found = self.read_on(store)?;
            next = self.next_to_give(false);
            if next.is_none() && found {
                return Ok(Next::More);
            }
        }
        let next = next.or_else(|| self.next_to_give(true));
        let Some((partition, part)) =
            next.and_then(|next| Some((next, self.parts.get_mut(&next)?)))
        else {
            return Ok(Next::Nothing);
        };
        part.offered = true;
        self.given = partition;
        Ok(Next::Of(partition))
    }

    /// Up to where every partition was read that can take more.
    pub(super) fn seen(&self) -> Option<Option<GlobalPosition>> {
        let open = self.parts.values().filter(|part| !part.page.is_full(&self.page));
        open.map(|part| part.read).min()
    }

    fn next_to_give(&self, offered: bool) -> Option<u16> {
        self.in_turn(self.given).find(|number| {
            let part = self.parts.get(number);
            part.is_some_and(|part| !part.page.is_empty() && part.offered == offered)
        })
    }

    /// Every partition once, those after one of them first.
    fn in_turn(&self, after: u16) -> impl Iterator<Item = u16> {
        let behind = self.parts.range((Bound::Excluded(after), Bound::Unbounded));
        behind.chain(self.parts.range(..=after)).map(|(number, _)| *number)
    }

    /// Reads a page for each partition, until there is something to give out: whether there were any
    /// events. One scan is for all that are as far as the one whose turn it is, or further; in the long
    /// run that is all of them.
    fn read_on(&mut self, store: &Arc<dyn EventStore>) -> Result<bool, ReadError> {
        let turns: Vec<u16> = self.in_turn(self.scanned).collect();
        let (mut done, mut found) = (BTreeSet::new(), false);
        for turn in turns {
            let part = self.parts.get(&turn).filter(|part| !part.page.is_full(&self.page));
            let Some(from) = part.map(|part| part.read).filter(|_| !done.contains(&turn)) else {
                continue;
            };
            self.scanned = turn;
            found |= self.scan(store, from, &mut done)?;
            if self.next_to_give(false).is_some() {
                break;
            }
        }
        Ok(found)
    }

    /// Reads a page after a position: whether it holds any events. Adds the partitions for which it was
    /// read.
    fn scan(
        &mut self,
        store: &Arc<dyn EventStore>,
        from: Option<GlobalPosition>,
        done: &mut BTreeSet<u16>,
    ) -> Result<bool, ReadError> {
        let mut log = Subscription::new(store, self.query.clone(), from);
        log = log.page_of(self.page.max_events);
        let page = log.read()?.unwrap_or_default();
        let mut parts: BTreeMap<u16, &mut Part> = BTreeMap::new();
        for (partition, part) in &mut self.parts {
            if part.read >= from && !part.page.is_full(&self.page) {
                parts.insert(*partition, part);
                done.insert(*partition);
            }
        }
        for event in page.iter() {
            let partition = partition_of(event.category(), event.stream(), self.partitions);
            if let Some(part) = parts.get_mut(&partition)
                && part.read < Some(event.position())
            {
                part.page.keep(&event);
                part.read = Some(event.position());
                if part.page.is_full(&self.page) {
                    // What comes next of it stays on the log.
                    parts.remove(&partition);
                }
            }
        }
        for part in parts.into_values() {
            part.read = part.read.max(log.position());
        }
        Ok(!page.is_empty())
    }
}
