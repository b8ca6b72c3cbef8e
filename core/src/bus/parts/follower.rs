//! Following the log from a checkpoint.
//!
//! Owns the checkpoint of one part: it moves in the commit of what the part made of the events, by
//! compare-and-set, so that each event counts once, whoever else follows with the same name. Never
//! moves it past an event that was not dealt with.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ahead::Ahead;
use super::{PartError, Step};
use crate::bus::turns::{MAX_TRIES, UNHURRIED_TRIES};
use crate::bus::{HandlerError, Inner, Start, sight};
use crate::id::CommitId;
use crate::name::Name;
use crate::number::GlobalPosition;
use crate::store::{
    AppendError, Checkpoint, CheckpointMove, Commit, EventRef, InvalidCommit, Page, Query, Read,
    ReadError,
};

/// How far the log may have gone on past a checkpoint, with nothing that concerns the part, before the
/// checkpoint is moved nevertheless: whoever starts anew passes over no more than this.
const PASSED_OVER: u64 = 16_384;

pub(in crate::bus) struct Follower {
    checkpoint: Name,
    query: Query,
    start: Start,
    /// The most events that are dealt with in one commit.
    batch: usize,
    work: Mutex<Work>,
}

/// What a follower has from one step to the next.
#[derive(Default)]
struct Work {
    /// Where it stands; after an error the store is asked anew.
    place: Option<Place>,
    /// The events that were read last.
    page: Page,
    /// Those that come next.
    ahead: Ahead,
}

/// Where a follower stands.
struct Place {
    /// The checkpoint as it is in the store.
    stored: Option<Checkpoint>,
    /// The last event that was looked at, or passed over.
    seen: Option<GlobalPosition>,
}

/// What a part makes of some events.
pub(in crate::bus) struct Prepared<'p> {
    commit: Commit,
    /// What takes the commit, if it is not the store as such.
    taker: Option<Taker<'p>>,
    /// What is to be remembered once it is there, with the checkpoint that it has moved to.
    remember: Box<dyn FnOnce(&Checkpoint) + 'p>,
    /// Of how many of the events it is, from the first; `None` if of all.
    dealt: Option<usize>,
}

impl<'p> Prepared<'p> {
    /// For the store.
    pub(in crate::bus) fn of(commit: Commit, remember: impl FnOnce(&Checkpoint) + 'p) -> Self {
        Self { commit, taker: None, remember: Box::new(remember), dealt: None }
    }

    /// Of so many of the events, from the first: the part is to stop.
    pub(in crate::bus) fn of_first(self, dealt: usize) -> Self {
        Self { dealt: Some(dealt), ..self }
    }

    /// For whoever takes it together with what else was made of the events.
    pub(in crate::bus) fn with(
        commit: Commit,
        taker: impl FnOnce(Commit) -> Result<(), NotTaken> + 'p,
    ) -> Self {
        let remember = Box::new(|_: &Checkpoint| ());
        Self { commit, taker: Some(Box::new(taker)), remember, dealt: None }
    }
}

/// Takes a commit together with what else was made of the events, all or nothing.
type Taker<'p> = Box<dyn FnOnce(Commit) -> Result<(), NotTaken> + 'p>;

/// Why a commit was not taken.
pub(in crate::bus) enum NotTaken {
    /// The store says so.
    Store(AppendError),
    /// What was made of one of the events cannot be written: that of so many before it, perhaps.
    Event { fitting: usize, source: HandlerError },
    /// The part cannot go on, whichever events they are.
    Part(PartError),
}

/// Why nothing was made of some events.
pub(in crate::bus) struct Stopped {
    /// The event that is in the way: those before it can be dealt with alone.
    pub(in crate::bus) at: usize,
    pub(in crate::bus) error: PartError,
}

impl Follower {
    pub(in crate::bus) fn new(checkpoint: Name, query: Query, start: Start, batch: usize) -> Self {
        Self { checkpoint, query, start, batch: batch.max(1), work: Mutex::default() }
    }

    /// Deals with the next events. `prepare` makes a commit of some of them, from where the checkpoint
    /// is, and may be asked again for the same ones; the move of the checkpoint is added here.
    pub(in crate::bus) fn step<'p>(
        &self,
        inner: &Inner,
        prepare: impl FnMut(Option<&Checkpoint>, &[EventRef<'_>]) -> Result<Prepared<'p>, Stopped>,
    ) -> Result<Step, PartError> {
        let mut work = lock(&self.work);
        let Work { place: known, page, ahead } = &mut *work;
        let mut place = match known.take() {
            Some(place) => place,
            None => match self.find(inner)? {
                Some(place) => place,
                None => return Ok(Step::IDLE),
            },
        };
        let Some(from) = place.seen.map_or(Some(GlobalPosition::FIRST), GlobalPosition::next)
        else {
            return Ok(Step::IDLE);
        };
        if !ahead.turn_to(page, from) {
            // Asked before the log is: what the read does not find up to here does not concern the part.
            let head = inner.store.head()?;
            inner.store.read(&self.read_from(from), page)?;
            if page.is_empty() {
                place.seen = place.seen.max(head);
                *known = self.pass_over(inner, place)?;
                return Ok(Step::IDLE);
            }
        }
        *known = self.deal_with(inner, &place, page, ahead, prepare)?;
        Ok(Step::Moved)
    }

    fn read_from(&self, from: GlobalPosition) -> Read {
        Read::log(self.query.clone()).from_position(from).page_of(self.batch)
    }

    /// The last event that was dealt with for good.
    pub(in crate::bus) fn position(
        &self,
        inner: &Inner,
    ) -> Result<Option<GlobalPosition>, ReadError> {
        let stored = inner.store.checkpoint(&self.checkpoint)?;
        Ok(stored.and_then(|checkpoint| checkpoint.position))
    }

    /// The last event that was looked at or passed over; `None` while a step is under way.
    pub(in crate::bus) fn seen(&self) -> Option<GlobalPosition> {
        self.work.try_lock().ok()?.place.as_ref()?.seen
    }

    /// Where the store says that the follower is; where it starts, if it never did. `None` if nobody is
    /// to follow any more: the checkpoint says so by its cursor.
    fn find(&self, inner: &Inner) -> Result<Option<Place>, PartError> {
        if let Some(stored) = inner.store.checkpoint(&self.checkpoint)? {
            let place = Place { seen: stored.position, stored: Some(stored) };
            let goes_on = place.stored.as_ref().is_some_and(|stored| stored.cursor.is_empty());
            return Ok(Some(place).filter(|_| goes_on));
        }
        let seen = match self.start {
            Start::Beginning => return Ok(Some(Place { stored: None, seen: None })),
            Start::Now => inner.opened,
            Start::After(position) => Some(position),
        };
        // What is now is not what is now the next time: not before the first event either.
        match self.move_to_seen(inner, Place { stored: None, seen })? {
            Some(place) => Ok(Some(place)),
            None => self.find(inner),
        }
    }

    /// Moves the checkpoint behind everything that was looked at or passed over.
    pub(in crate::bus) fn settle(&self, inner: &Inner) -> Result<(), PartError> {
        let mut work = lock(&self.work);
        let Some(place) = work.place.take() else { return Ok(()) };
        let stored = place.stored.as_ref().and_then(|stored| stored.position);
        let behind = place.seen > stored;
        work.place = if behind { self.move_to_seen(inner, place)? } else { Some(place) };
        Ok(())
    }

    /// The place behind the events that were dealt with; `None` if somebody else has dealt with them.
    fn deal_with<'p>(
        &self,
        inner: &Inner,
        place: &Place,
        page: &Page,
        ahead: &mut Ahead,
        mut prepare: impl FnMut(Option<&Checkpoint>, &[EventRef<'_>]) -> Result<Prepared<'p>, Stopped>,
    ) -> Result<Option<Place>, PartError> {
        let events: Vec<EventRef<'_>> = page.iter().collect();
        let (mut tries, mut count) = (0, events.len());
        let mut turn = None;
        loop {
            let Some(some) = events.get(..count) else { return Ok(None) };
            inner.turns.before_try(tries, &mut turn);
            let Prepared { mut commit, taker, remember, dealt } =
                match prepare(place.stored.as_ref(), some) {
                    Ok(prepared) => prepared,
                    Err(stopped) if stopped.at == 0 => return Err(stopped.error),
                    Err(stopped) => {
                        count = stopped.at;
                        continue;
                    }
                };
            count = dealt.map_or(count, |dealt| dealt.min(count));
            let Some((some, last)) = some.get(..count).and_then(|some| Some((some, some.last()?)))
            else {
                return Ok(None);
            };
            let to = Checkpoint::at(last);
            commit.checkpoints.push(self.moved(place.stored.clone(), to.clone()));
            let next = to.position.filter(|_| !page.is_last() && count == events.len());
            let next = next.and_then(GlobalPosition::next).map(|from| (from, self.read_from(from)));
            let taken = match taker {
                Some(taker) => taker(commit),
                None => ahead.commit(&*inner.store, commit, next).map_err(NotTaken::Store),
            };
            let Err(why) = taken else {
                sight::committed();
                remember(&to);
                return Ok(Some(Place { seen: to.position, stored: Some(to) }));
            };
            let unknown = matches!(why, NotTaken::Store(AppendError::OutcomeUnknown { .. }));
            match again_after(inner, why, some, &mut tries) {
                Ok(Some(again)) => {
                    sight::retried();
                    count = again;
                }
                given_up => {
                    sight::not_committed(unknown);
                    return given_up.map(|_| None);
                }
            }
        }
    }

    /// Moves the checkpoint if it has fallen far behind for want of events.
    fn pass_over(&self, inner: &Inner, place: Place) -> Result<Option<Place>, PartError> {
        let stored = place.stored.as_ref().and_then(|stored| stored.position);
        let behind = number(place.seen).saturating_sub(number(stored));
        if behind >= PASSED_OVER { self.move_to_seen(inner, place) } else { Ok(Some(place)) }
    }

    /// Moves the checkpoint to the last event that was looked at or passed over. `None` if somebody else
    /// has moved it: where it is then, and whether anybody is to follow any more, has to be found anew.
    fn move_to_seen(&self, inner: &Inner, place: Place) -> Result<Option<Place>, PartError> {
        let to = match place.seen {
            None => Checkpoint { position: None, checksum: None, cursor: Vec::new() },
            Some(position) => Checkpoint::up_to(position, &*inner.store)?
                .ok_or(PartError::NoSuchStart { position })?,
        };
        let mut commit = Commit::new(CommitId::generate());
        commit.checkpoints.push(self.moved(place.stored, to.clone()));
        match inner.store.commit(commit) {
            Ok(_) => Ok(Some(Place { stored: Some(to), ..place })),
            Err(AppendError::CheckpointConflict { .. }) => Ok(None),
            Err(source) => {
                let position = place.seen.unwrap_or(GlobalPosition::FIRST);
                Err(PartError::Append { position, source })
            }
        }
    }

    fn moved(&self, from: Option<Checkpoint>, to: Checkpoint) -> CheckpointMove {
        CheckpointMove { name: self.checkpoint.clone(), from, to }
    }
}

/// Of how many events a commit is tried again that was not taken; `None` if somebody else has dealt with
/// them.
fn again_after(
    inner: &Inner,
    why: NotTaken,
    events: &[EventRef<'_>],
    tries: &mut u32,
) -> Result<Option<usize>, PartError> {
    let (Some(first), Some(last), count) = (events.first(), events.last(), events.len()) else {
        return Ok(None);
    };
    let source = match why {
        NotTaken::Event { fitting, source } if fitting == 0 || count == 1 => {
            return Err(PartError::of_handler(first, source));
        }
        NotTaken::Event { fitting, .. } => return Ok(Some(fitting.min(count - 1))),
        NotTaken::Part(error) => return Err(error),
        NotTaken::Store(error) => error,
    };
    *tries += 1;
    match source {
        AppendError::CheckpointConflict { .. } => Ok(None),
        // Of fewer, so that less of it can be in somebody's way.
        AppendError::Conflict { .. } | AppendError::StaleRow { .. } if *tries < MAX_TRIES => {
            Ok(Some(if *tries < UNHURRIED_TRIES { count.div_ceil(2) } else { 1 }))
        }
        AppendError::Conflict { .. } | AppendError::StaleRow { .. } => {
            Err(PartError::Contended { tries: *tries, source })
        }
        AppendError::Invalid(InvalidCommit::SnapshotTooLarge { limit, .. }) => {
            inner.snapshots.bound(limit);
            Ok(Some(count))
        }
        // More than one commit holds, perhaps.
        AppendError::Invalid(_) if count > 1 => Ok(Some(count / 2)),
        source => Err(PartError::Append { position: last.position(), source }),
    }
}

fn number(position: Option<GlobalPosition>) -> u64 {
    position.map_or(0, GlobalPosition::get)
}

pub(in crate::bus) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bus::Bus;
    use crate::memory::MemoryStore;
    use crate::number::KindVersion;
    use crate::store::{ExpectedVersion, NameList, NewEvent, RegisteredSchema, StreamAppend};
    use crate::time::Timestamp;
    use crate::{Metadata, StreamId};

    fn append(bus: &Bus) {
        let (mut commit, kind) = (Commit::new(CommitId::generate()), Name::new("k").unwrap());
        let id = StreamId::new("c", "s").unwrap();
        commit.streams.push(StreamAppend { id, expected: ExpectedVersion::Any });
        let (version, schema) = (KindVersion::FIRST, "[]".into());
        commit.schemas.push(RegisteredSchema { kind: kind.clone(), version, schema });
        commit.events.push(NewEvent {
            stream: 0,
            kind,
            kind_version: version,
            occurred_at: Timestamp::from_micros(0),
            correlation: CommitId::generate(),
            causation: None,
            tags: NameList::default(),
            metadata: Metadata::default(),
            payload: Vec::new().into(),
        });
        bus.store().commit(commit).unwrap();
    }

    /// Another process has put the part's rows out of use, in the moment in which this one moves on.
    #[test]
    fn nobody_goes_on_from_where_a_checkpoint_was_retired() {
        let bus = Bus::open(Arc::new(MemoryStore::new())).unwrap();
        let checkpoint = Name::new("view/1/v").unwrap();
        let follower = Follower::new(checkpoint.clone(), Query::all(), Start::Beginning, 9);
        let nothing = |_: Option<&Checkpoint>, _: &[EventRef<'_>]| {
            Ok(Prepared::of(Commit::new(CommitId::generate()), |_| ()))
        };
        append(&bus);
        assert_eq!(follower.step(&bus.inner, nothing).unwrap(), Step::Moved);
        assert_eq!(follower.step(&bus.inner, nothing).unwrap(), Step::IDLE);

        let from = bus.store().checkpoint(&checkpoint).unwrap();
        let to = Checkpoint { cursor: b"retired".to_vec(), ..from.clone().unwrap() };
        let mut retired = Commit::new(CommitId::generate());
        retired.checkpoints.push(CheckpointMove { name: checkpoint.clone(), from, to: to.clone() });
        append(&bus);
        lock(&follower.work).place.as_mut().unwrap().seen = bus.store().head().unwrap();
        bus.store().commit(retired).unwrap();

        follower.settle(&bus.inner).unwrap();
        append(&bus);
        assert_eq!(follower.step(&bus.inner, nothing).unwrap(), Step::IDLE);
        assert_eq!(bus.store().checkpoint(&checkpoint).unwrap(), Some(to));
    }
}
