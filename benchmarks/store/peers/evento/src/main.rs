//! The store jobs in evento, on SQLite.

mod catch_up;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use evento::cursor::Args;
use evento::metadata::Event;
use evento::migrator::{Migrate, Plan};
use evento::{Aggregate, AggregateEvent, EventFilter, Executor, Projection, Sqlite, TenantFilter};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use store_jobs::plan::stream_id;
use store_jobs::{
    Durability, Failure, Grouping, OwnedDeposit, Planned, Rows, Share, System, id_text, in_tasks,
};
use tokio::runtime::Runtime;

fn main() -> Result<(), Failure> {
    store_jobs::run::<Evento>()
}

struct Evento {
    runtime: Runtime,
    path: PathBuf,
    pool: SqlitePool,
    store: Sqlite,
}

#[evento::aggregate(name = "account")]
pub enum Account {
    #[evento(name = "account.deposited")]
    Deposited { number: u64, cents: u32, region: u8, note: String },
}

/// Without snapshots: every load reads all events.
#[evento::projection]
#[evento::snapshot(none)]
pub struct Folded {
    pub account: store_jobs::Account,
}

#[evento::handler]
async fn on_deposited(event: Event<Deposited>, folded: &mut Folded) -> anyhow::Result<()> {
    folded.account.deposit(&owned(&event.data).borrowed());
    Ok(())
}

fn owned(event: &Deposited) -> OwnedDeposit {
    let Deposited { number, cents, region, note } = event;
    OwnedDeposit { number: *number, cents: *cents, region: *region, note: note.clone() }
}

impl System for Evento {
    const NAME: &'static str = "evento";

    /// It takes the caller's pool; its own tests and examples say `synchronous=NORMAL`.
    fn open(folder: &Path, durability: Durability) -> Result<Self, Failure> {
        let runtime = store_jobs::runtime()?;
        let path = folder.join("events.db");
        let synchronous = match durability {
            Durability::Full => SqliteSynchronous::Full,
            Durability::Default => SqliteSynchronous::Normal,
        };
        let pool = runtime.block_on(open(&path, synchronous))?;
        let store = store(&pool);
        Ok(Self { runtime, path, pool, store })
    }

    fn fill(&mut self, events: &mut dyn Iterator<Item = Planned>) -> Result<(), Failure> {
        self.runtime.block_on(async {
            let pool = open(&self.path, SqliteSynchronous::Off).await?;
            let store = store(&pool);
            loop {
                let some: Vec<Planned> = events.take(1_000).collect();
                if some.is_empty() {
                    pool.close().await;
                    return Ok(());
                }
                append_all(&store, &some).await?;
            }
        })
    }

    fn append(&mut self, shares: Vec<Share>) -> Result<(), Failure> {
        in_tasks(&self.runtime, shares, |share| {
            let store = self.store.clone();
            async move {
                for planned in share {
                    evento::append(stream_id(planned.stream))
                        .original_version(u16::try_from(planned.version - 1)?)
                        .metadata("correlation", &id_text(&planned.correlation))
                        .metadata("causation", &id_text(&planned.causation))
                        .event(&deposited(&planned))
                        .commit(&store)
                        .await?;
                }
                Ok(())
            }
        })
    }

    fn bulk(&mut self, mut events: Share, in_commit: usize) -> Result<(), Failure> {
        self.runtime.block_on(async {
            while events.left() > 0 {
                let some: Vec<Planned> = events.by_ref().take(in_commit).collect();
                append_all(&self.store, &some).await?;
            }
            Ok(())
        })
    }

    fn load(&mut self, stream: u32) -> Result<store_jobs::Account, Failure> {
        let loaded = self.runtime.block_on(
            Projection::<_, Folded>::new::<Account>()
                .handler(on_deposited())
                .load(stream_id(stream))
                .execute(&self.store),
        )?;
        Ok(loaded.ok_or("a stream is missing")?.account)
    }

    fn scan(&mut self) -> Result<store_jobs::Account, Failure> {
        self.runtime.block_on(async {
            let filter: Arc<[EventFilter]> = Arc::from([EventFilter::by_type::<Account>()]);
            let mut total = store_jobs::Account::default();
            let mut after = None;
            loop {
                let args = Args::forward(1_000, after);
                let filter = Some(Arc::clone(&filter));
                let page = self.store.read(filter, None, TenantFilter::All, args, None).await?;
                for edge in page.edges {
                    let event = edge.node;
                    black_box((&event.aggregate_id, event.version, &event.name, &event.metadata));
                    black_box((event.timestamp, event.timestamp_subsec, event.id));
                    total.deposit(&owned(&bitcode::decode(&event.data)?).borrowed());
                }
                after = page.page_info.end_cursor;
                if !page.page_info.has_next_page {
                    return Ok(total);
                }
            }
        })
    }

    fn catch_up(&mut self, view: &str, by: Grouping, in_commit: usize) -> Result<(), Failure> {
        let catch_up = catch_up::catch_up(&self.store, &self.pool, view, by, in_commit);
        self.runtime.block_on(catch_up)
    }

    fn view(&mut self, view: &str) -> Result<Rows, Failure> {
        self.runtime.block_on(catch_up::view(&self.pool, view))
    }

    fn close(self) -> Result<(), Failure> {
        self.runtime.block_on(self.pool.close());
        Ok(())
    }
}

async fn open(path: &Path, synchronous: SqliteSynchronous) -> Result<SqlitePool, Failure> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .busy_timeout(Duration::from_secs(30));
    let pool = SqlitePoolOptions::new().connect_with(options).await?;
    let migrator = evento::sql_migrator::new::<sqlx::Sqlite>()?;
    migrator.run(&mut *pool.acquire().await?, &Plan::apply_all()).await?;
    Ok(pool)
}

fn store(pool: &SqlitePool) -> Sqlite {
    // Else what was written within a second is not loaded.
    Sqlite::from(pool.clone()).stable_margin(Duration::ZERO)
}

/// One commit over several streams.
async fn append_all(store: &Sqlite, events: &[Planned]) -> Result<(), Failure> {
    let event = |planned: &Planned| -> Result<evento::Event, Failure> {
        let mut metadata = evento::metadata::Metadata::default();
        // The two texts that may be set without a builder.
        metadata.set_requested_by(id_text(&planned.correlation));
        metadata.set_requested_as(id_text(&planned.causation));
        Ok(evento::Event {
            id: ulid::Ulid::generate(),
            aggregate_id: stream_id(planned.stream),
            aggregate_type: Account::aggregate_type().to_owned(),
            version: u16::try_from(planned.version)?,
            name: Deposited::event_name().to_owned(),
            data: bitcode::encode(&deposited(planned)),
            metadata,
            ..Default::default()
        })
    };
    store.write(events.iter().map(event).collect::<Result<_, _>>()?).await?;
    Ok(())
}

fn deposited(planned: &Planned) -> Deposited {
    let OwnedDeposit { number, cents, region, note } = planned.deposit.into();
    Deposited { number, cents, region, note }
}
