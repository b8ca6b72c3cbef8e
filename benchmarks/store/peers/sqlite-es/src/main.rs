//! The store jobs in cqrs-es, on its SQLite store.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{EventStoreAggregateContext, PersistedEventStore};
use cqrs_es::{Aggregate, DomainEvent, EventStore};
use serde::{Deserialize, Serialize};
use sqlite_es::SqliteEventRepository;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use store_jobs::plan::stream_id;
use store_jobs::{
    Account, CATEGORY, Durability, Failure, KIND, OwnedDeposit, Planned, Share, System,
    Unsupported, id_text, in_tasks,
};
use tokio::runtime::Runtime;

type Store = PersistedEventStore<SqliteEventRepository, Folded>;

fn main() -> Result<(), Failure> {
    store_jobs::run::<SqliteEs>()
}

struct SqliteEs {
    runtime: Runtime,
    path: PathBuf,
    pool: SqlitePool,
    store: Arc<Store>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Deposited(OwnedDeposit),
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        KIND.to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Folded(Account);

impl Aggregate for Folded {
    const TYPE: &'static str = CATEGORY;
    type Command = ();
    type Event = Event;
    type Error = std::convert::Infallible;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), _: &EventSink<Self>) -> Result<(), Self::Error> {
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        let Event::Deposited(deposit) = event;
        self.0.deposit(&deposit.borrowed());
    }
}

impl System for SqliteEs {
    const NAME: &'static str = "sqlite-es";

    /// `default_sqlite_pool` says `synchronous=NORMAL`.
    fn open(folder: &Path, durability: Durability) -> Result<Self, Failure> {
        let runtime = store_jobs::runtime()?;
        let path = folder.join("events.db");
        let synchronous = match durability {
            Durability::Full => SqliteSynchronous::Full,
            Durability::Default => SqliteSynchronous::Normal,
        };
        let pool = runtime.block_on(open(&path, synchronous))?;
        let store = Arc::new(store(&pool));
        Ok(Self { runtime, path, pool, store })
    }

    fn fill(&mut self, events: &mut dyn Iterator<Item = Planned>) -> Result<(), Failure> {
        self.runtime.block_on(async {
            let pool = open(&self.path, SqliteSynchronous::Off).await?;
            let store = store(&pool);
            for planned in events {
                append(&store, &planned).await?;
            }
            pool.close().await;
            Ok(())
        })
    }

    fn append(&mut self, shares: Vec<Share>) -> Result<(), Failure> {
        in_tasks(&self.runtime, shares, |share| {
            let store = Arc::clone(&self.store);
            async move {
                for planned in share {
                    append(&store, &planned).await?;
                }
                Ok(())
            }
        })
    }

    fn load(&mut self, stream: u32) -> Result<Account, Failure> {
        let loaded = self.runtime.block_on(self.store.load_aggregate(&stream_id(stream)))?;
        Ok(loaded.aggregate.0)
    }

    fn scan(&mut self) -> Result<Account, Failure> {
        Err(Unsupported("keeps no order of the log").into())
    }

    fn close(self) -> Result<(), Failure> {
        self.runtime.block_on(self.pool.close());
        Ok(())
    }
}

/// As `default_sqlite_pool`, and with a word on durability.
async fn open(path: &Path, synchronous: SqliteSynchronous) -> Result<SqlitePool, Failure> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .foreign_keys(true);
    let pool = SqlitePoolOptions::new().max_connections(10).connect_with(options).await?;
    sqlx::query(include_str!("events.sql")).execute(&pool).await?;
    Ok(pool)
}

fn store(pool: &SqlitePool) -> Store {
    Store::new_event_store(SqliteEventRepository::new(pool.clone()))
}

async fn append(store: &Store, planned: &Planned) -> Result<(), Failure> {
    // What `load_aggregate` gives, without loading: the writer knows the version.
    let context = EventStoreAggregateContext {
        aggregate_id: stream_id(planned.stream),
        aggregate: Folded::default(),
        current_sequence: usize::try_from(planned.version - 1)?,
        current_snapshot: None,
    };
    let metadata = HashMap::from([
        ("correlation".to_owned(), id_text(&planned.correlation)),
        ("causation".to_owned(), id_text(&planned.causation)),
    ]);
    let event = Event::Deposited(planned.deposit.into());
    store.commit(vec![event], context, metadata).await?;
    Ok(())
}
