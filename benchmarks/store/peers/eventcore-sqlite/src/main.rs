//! The store jobs in eventcore, on its SQLite store.

mod catch_up;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eventcore_sqlite::{SqliteEventStore, rusqlite::Connection};
use eventcore_types::{
    BatchSize, Event, EventFilter, EventPage, EventReader, EventStore, StreamId, StreamVersion,
    StreamWrites,
};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use store_jobs::plan::stream_id;
use store_jobs::{
    Account, Durability, Failure, Grouping, KIND, OwnedDeposit, Planned, Rows, Share, System,
    id_text, in_tasks,
};
use tokio::runtime::Runtime;

fn main() -> Result<(), Failure> {
    store_jobs::run::<EventCore>()
}

struct EventCore {
    runtime: Runtime,
    path: PathBuf,
    store: Arc<SqliteEventStore>,
}

/// eventcore keeps no correlation and causation beside an event, so they are a part of it.
#[derive(Clone, Serialize, Deserialize)]
struct Deposited {
    account: StreamId,
    correlation: String,
    causation: String,
    #[serde(flatten)]
    deposit: OwnedDeposit,
}

impl Event for Deposited {
    fn stream_id(&self) -> &StreamId {
        &self.account
    }

    fn event_type_name() -> &'static str {
        KIND
    }
}

impl System for EventCore {
    const NAME: &'static str = "eventcore-sqlite";

    /// Its own way to open leaves SQLite's `synchronous=FULL` as it is.
    fn open(folder: &Path, _: Durability) -> Result<Self, Failure> {
        let runtime = store_jobs::runtime()?;
        let path = folder.join("events.db");
        let store = SqliteEventStore::from_connection(connect(&path, "FULL")?);
        runtime.block_on(store.migrate())?;
        Ok(Self { runtime, path, store: Arc::new(store) })
    }

    fn fill(&mut self, events: &mut dyn Iterator<Item = Planned>) -> Result<(), Failure> {
        let store = SqliteEventStore::from_connection(connect(&self.path, "OFF")?);
        self.runtime.block_on(async {
            loop {
                let some: Vec<Planned> = events.take(1_000).collect();
                if some.is_empty() {
                    return Ok(());
                }
                append(&store, &some).await?;
            }
        })
    }

    fn append(&mut self, shares: Vec<Share>) -> Result<(), Failure> {
        in_tasks(&self.runtime, shares, |share| {
            let store = Arc::clone(&self.store);
            async move {
                for planned in share {
                    append(&store, &[planned]).await?;
                }
                Ok(())
            }
        })
    }

    fn bulk(&mut self, mut events: Share, in_commit: usize) -> Result<(), Failure> {
        self.runtime.block_on(async {
            while events.left() > 0 {
                let some: Vec<Planned> = events.by_ref().take(in_commit).collect();
                append(&self.store, &some).await?;
            }
            Ok(())
        })
    }

    fn load(&mut self, stream: u32) -> Result<Account, Failure> {
        let id = StreamId::try_new(stream_id(stream))?;
        self.runtime.block_on(async {
            let mut account = Account::default();
            let mut events = self.store.read_stream::<Deposited>(id).await?;
            while let Some(event) = events.next().await {
                account.deposit(&event?.deposit.borrowed());
            }
            Ok(account)
        })
    }

    fn scan(&mut self) -> Result<Account, Failure> {
        self.runtime.block_on(async {
            let mut total = Account::default();
            let mut page = EventPage::first(BatchSize::new(1_000));
            loop {
                let events = self.store.read_events::<Deposited>(EventFilter::all(), page).await?;
                for (event, position) in &events {
                    black_box((position, &event.account, &event.correlation, &event.causation));
                    total.deposit(&event.deposit.borrowed());
                }
                let Some(next) = page.next_from_results(&events) else { return Ok(total) };
                page = next;
            }
        })
    }

    fn catch_up(&mut self, view: &str, by: Grouping, _: usize) -> Result<(), Failure> {
        let rows = || connect(&self.path, "FULL");
        self.runtime.block_on(catch_up::catch_up(&self.store, rows, view, by))
    }

    fn view(&mut self, view: &str) -> Result<Rows, Failure> {
        catch_up::view(&connect(&self.path, "FULL")?, view)
    }
}

/// As `SqliteEventStore::new` opens a file, and with a word on durability.
fn connect(path: &Path, synchronous: &str) -> Result<Connection, Failure> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    Ok(connection)
}

async fn append(store: &SqliteEventStore, events: &[Planned]) -> Result<(), Failure> {
    let mut writes = StreamWrites::new();
    for planned in events {
        let account = StreamId::try_new(stream_id(planned.stream))?;
        if !writes.expected_versions().contains_key(&account) {
            let version = usize::try_from(planned.version - 1)?;
            writes = writes.register_stream(account.clone(), StreamVersion::new(version))?;
        }
        writes = writes.append(Deposited {
            account,
            correlation: id_text(&planned.correlation),
            causation: id_text(&planned.causation),
            deposit: planned.deposit.into(),
        })?;
    }
    store.append_events(writes).await?;
    Ok(())
}
