//! The store jobs in mire, on its embedded backend.

mod catch_up;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use mire::{Aggregate, EmbeddedOptions, Event, EventData, EventStore, ExpectedVersion};
use serde::{Deserialize, Serialize};
use store_jobs::plan::stream_id;
use store_jobs::{
    Account, CATEGORY, Durability, Failure, Grouping, KIND, OwnedDeposit, Planned, Rows, Share,
    System, id_text, in_tasks,
};
use tokio::runtime::Runtime;

fn main() -> Result<(), Failure> {
    store_jobs::run::<Mire>()
}

struct Mire {
    runtime: Runtime,
    path: PathBuf,
    store: EventStore,
}

#[derive(Serialize, Deserialize)]
struct Deposited(OwnedDeposit);

impl EventData for Deposited {
    fn event_type(&self) -> &'static str {
        KIND
    }
}

#[derive(Default)]
struct Folded(Account);

impl Aggregate for Folded {
    type Event = Deposited;

    fn stream_category() -> &'static str {
        CATEGORY
    }

    fn apply(&mut self, event: &Deposited) {
        self.0.deposit(&event.0.borrowed());
    }
}

impl System for Mire {
    const NAME: &'static str = "mire";

    /// The default is `synchronous=FULL` already.
    fn open(folder: &Path, _: Durability) -> Result<Self, Failure> {
        let runtime = store_jobs::runtime()?;
        let path = folder.join("events.db");
        let store = runtime.block_on(open(&path, EmbeddedOptions::default()))?;
        Ok(Self { runtime, path, store })
    }

    fn fill(&mut self, events: &mut dyn Iterator<Item = Planned>) -> Result<(), Failure> {
        self.runtime.block_on(async {
            let options = EmbeddedOptions { synchronous_full: false, ..Default::default() };
            let store = open(&self.path, options).await?;
            loop {
                let some: Vec<Planned> = events.take(1_000).collect();
                if some.is_empty() {
                    store.pool().close().await;
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
                    let (id, expected, event) = event(&planned)?;
                    store.append(&id, CATEGORY, expected, &[event]).await?;
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

    fn load(&mut self, stream: u32) -> Result<Account, Failure> {
        let loaded = self.runtime.block_on(self.store.load::<Folded>(&stream_id(stream)))?;
        Ok(loaded.ok_or("a stream is missing")?.state.0)
    }

    fn scan(&mut self) -> Result<Account, Failure> {
        self.runtime.block_on(async {
            let mut total = Account::default();
            let mut after = (0, 0);
            loop {
                let events = self.store.read_all_after(after.0, after.1, 1_000).await?;
                let Some(last) = events.last() else { return Ok(total) };
                after = (last.transaction_id, last.global_position);
                for event in events {
                    black_box((&event.stream_id, event.stream_version, &event.event_type));
                    black_box((&event.metadata, event.created_at));
                    let deposited: Deposited = serde_json::from_value(event.data)?;
                    total.deposit(&deposited.0.borrowed());
                }
            }
        })
    }

    fn catch_up(&mut self, view: &str, by: Grouping, in_commit: usize) -> Result<(), Failure> {
        self.runtime.block_on(catch_up::catch_up(&self.store, view, by, in_commit))
    }

    fn view(&mut self, view: &str) -> Result<Rows, Failure> {
        self.runtime.block_on(catch_up::view(&self.store, view))
    }

    fn close(self) -> Result<(), Failure> {
        self.runtime.block_on(self.store.pool().close());
        Ok(())
    }
}

async fn open(path: &Path, options: EmbeddedOptions) -> Result<EventStore, Failure> {
    let store = EventStore::open_with(path, options).await?;
    store.migrate().await?;
    // Unless set, a stream that is longer or larger than its bound is not loaded.
    Ok(store.with_hydration_limits(1_000_000, 1 << 30))
}

/// One commit over several streams.
async fn append_all(store: &EventStore, events: &[Planned]) -> Result<(), Failure> {
    let mut transaction = store.begin_transaction().await?;
    for planned in events {
        let (id, expected, event) = event(planned)?;
        transaction.append(&id, CATEGORY, expected, &[event]).await?;
    }
    transaction.commit().await?;
    Ok(())
}

fn event(planned: &Planned) -> Result<(String, ExpectedVersion, Event<Deposited>), Failure> {
    let expected = match planned.version {
        1 => ExpectedVersion::NoStream,
        version => ExpectedVersion::Exact(i64::try_from(version - 1)?),
    };
    let event = Event::new(Deposited(planned.deposit.into())).with_metadata(serde_json::json!({
        "correlation_id": id_text(&planned.correlation),
        "causation_id": id_text(&planned.causation),
    }));
    Ok((format!("{CATEGORY}-{}", stream_id(planned.stream)), expected, event))
}
