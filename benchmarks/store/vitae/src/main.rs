//! The store jobs in vitae: commits through `EventStore::append`, loads through `Bus::load`, scans
//! through `EventStore::visit`, projections through `Projection` and `TableProjection`.

mod account;
mod catch_up;
mod tables;

use std::collections::HashMap;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use store_jobs::plan::stream_ids;
use store_jobs::{
    Durability, Failure, Grouping, Planned, Rows, Share, System, in_tasks, in_threads, runtime,
};
use vitae::store::{
    Commit, EventRef, EventStore, ExpectedVersion, NameList, NewEvent, Query, Read,
    RegisteredSchema, StreamAppend, Ticket,
};
use vitae::{
    Bus, Clock, CommitId, Event, EventId, KindVersion, Metadata, Name, StreamId, StreamVersion,
    SystemClock,
};
use vitae_sqlite::SqliteStore;

use crate::account::{Account, Deposited};

fn main() -> Result<(), Failure> {
    store_jobs::run::<Vitae>()
}

struct Vitae {
    store: Arc<dyn EventStore>,
    /// The same, for what only this store has.
    file: Arc<SqliteStore>,
    bus: Bus,
    writer: Arc<Writer>,
}

impl System for Vitae {
    const NAME: &'static str = "vitae";

    /// The default is an fsync for every commit already.
    fn open(folder: &Path, _: Durability) -> Result<Self, Failure> {
        let file = Arc::new(SqliteStore::open(folder.join("events.db"))?);
        let store: Arc<dyn EventStore> = file.clone();
        // A bus remembers lives: none here, so that every load reads all events.
        let bus = Bus::builder(Arc::clone(&store)).register::<Account>().remember(0).open()?;
        let writer = Arc::new(Writer::new(Arc::clone(&store))?);
        Ok(Self { store, file, bus, writer })
    }

    fn fill(&mut self, events: &mut dyn Iterator<Item = Planned>) -> Result<(), Failure> {
        loop {
            let some: Vec<Planned> = events.take(1_000).collect();
            if some.is_empty() {
                return Ok(());
            }
            self.writer.commit_now(&some)?;
        }
    }

    fn append(&mut self, shares: Vec<Share>) -> Result<(), Failure> {
        if shares.len() <= 8 {
            return in_threads(shares, |share| {
                for planned in share {
                    self.writer.commit_now(&[planned])?;
                }
                Ok(())
            });
        }
        in_tasks(&runtime()?, shares, |share| {
            let writer = Arc::clone(&self.writer);
            async move {
                for planned in share {
                    writer.append(&[planned])?.await?;
                }
                Ok(())
            }
        })
    }

    fn bulk(&mut self, mut events: Share, in_commit: usize) -> Result<(), Failure> {
        while events.left() > 0 {
            let some: Vec<Planned> = events.by_ref().take(in_commit).collect();
            self.writer.commit_now(&some)?;
        }
        Ok(())
    }

    fn load(&mut self, stream: u32) -> Result<store_jobs::Account, Failure> {
        let account = self.bus.load::<Account>(self.writer.stream(stream).id())?;
        Ok(account.state().so_far())
    }

    fn scan(&mut self) -> Result<store_jobs::Account, Failure> {
        let mut total = store_jobs::Account::default();
        self.store.visit(Read::log(Query::all()), |event| -> Result<_, Failure> {
            look_at(event);
            total.deposit(&event.decode::<Deposited>()?.borrowed());
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(total)
    }

    fn catch_up(&mut self, view: &str, by: Grouping, in_commit: usize) -> Result<(), Failure> {
        Ok(catch_up::following(&self.store, view, by, in_commit)?.catch_up()?)
    }

    fn rebuild(&mut self, view: &str, by: Grouping, in_commit: usize) -> Result<String, Failure> {
        let bus = catch_up::following(&self.store, view, by, in_commit)?;
        let shadow = bus.shadow(view)?;
        shadow.begin()?;
        shadow.finish()?;
        Ok(view.to_owned())
    }

    fn view(&mut self, view: &str) -> Result<Rows, Failure> {
        catch_up::view(&self.bus, view)
    }

    fn catch_up_in_tables(
        &mut self,
        view: &str,
        by: Grouping,
        in_commit: usize,
    ) -> Result<(), Failure> {
        Ok(tables::following(&self.file, view, by, in_commit)?.catch_up()?)
    }

    fn table(&mut self, view: &str) -> Result<Rows, Failure> {
        tables::rows(&self.file, view)
    }
}

/// Reads everything that a store knows of an event besides its payload.
fn look_at(event: &EventRef<'_>) {
    black_box((event.position(), event.version(), event.id(), event.kind_version()));
    black_box((event.category(), event.stream(), event.kind()));
    black_box((event.correlation(), event.causation()));
    black_box((event.occurred_at(), event.recorded_at()));
    black_box((event.tags().count(), event.metadata().count()));
}

/// What makes commits of events.
struct Writer {
    store: Arc<dyn EventStore>,
    streams: Vec<StreamId>,
    kind: Name,
    schemas: Vec<RegisteredSchema>,
}

impl Writer {
    fn new(store: Arc<dyn EventStore>) -> Result<Self, Failure> {
        let streams = stream_ids()
            .into_iter()
            .map(|id| StreamId::new(store_jobs::CATEGORY, id))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            store,
            streams,
            kind: Name::from_static(Deposited::KIND)?,
            schemas: account::schemas()?,
        })
    }

    fn stream(&self, stream: u32) -> &StreamId {
        &self.streams[stream as usize]
    }

    /// Waits for the answer.
    fn commit_now(&self, events: &[Planned]) -> Result<(), Failure> {
        self.store.commit(self.commit(events)?)?;
        Ok(())
    }

    fn append(&self, events: &[Planned]) -> Result<Ticket, Failure> {
        Ok(self.store.append(self.commit(events)?))
    }

    fn commit(&self, events: &[Planned]) -> Result<Commit, Failure> {
        let mut commit = Commit::new(CommitId::generate());
        commit.schemas.clone_from(&self.schemas);
        commit.events.reserve_exact(events.len());
        // Where the streams stand in the commit: of one event there is nothing to look up.
        let mut places = HashMap::new();
        for planned in events {
            let next = commit.streams.len();
            let place = match events {
                [_] => next,
                _ => *places.entry(planned.stream).or_insert(next),
            };
            if place == next {
                commit.streams.push(StreamAppend {
                    id: self.stream(planned.stream).clone(),
                    expected: ExpectedVersion::read_at(StreamVersion::new(planned.version - 1)),
                });
            }
            commit.events.push(self.event(place, planned)?);
        }
        Ok(commit)
    }

    fn event(&self, stream: usize, planned: &Planned) -> Result<NewEvent, Failure> {
        let causation = CommitId::from_bytes(planned.causation);
        Ok(NewEvent {
            stream,
            kind: self.kind.clone(),
            kind_version: KindVersion::FIRST,
            occurred_at: SystemClock.now(),
            correlation: CommitId::from_bytes(planned.correlation),
            causation: Some(EventId { commit: causation, index: 0 }),
            tags: NameList::default(),
            metadata: Metadata::default(),
            payload: postcard::to_allocvec(&planned.deposit)?.into(),
        })
    }
}
