//! A projection that follows the log, by eventcore's own runner: it saves its place behind every event, in a
//! commit of its own, so the row of every event must be on the disk before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use eventcore::{ProjectionConfig, Projector, StreamPosition, run_projection};
use eventcore_sqlite::SqliteEventStore;
use eventcore_sqlite::rusqlite::{Connection, Error};
use store_jobs::{Failure, Grouping, Row, Rows};

use crate::Deposited;

struct View {
    name: String,
    by: Grouping,
    put: String,
    rows: Connection,
    events: Arc<AtomicU64>,
}

impl Projector for View {
    type Event = Deposited;
    type Error = Error;
    type Context = ();

    fn apply(&mut self, event: Deposited, _: StreamPosition, (): &mut ()) -> Result<(), Error> {
        let stream = event.account.as_ref().rsplit('-').next().unwrap_or_default();
        let stream = stream.parse().map_err(|_| Error::InvalidQuery)?;
        let key = self.by.key(stream, event.deposit.region);
        self.rows.prepare_cached(&self.put)?.execute((key, event.deposit.cents))?;
        self.events.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// Rows are written by a connection of their own: the store keeps its one to itself.
pub async fn catch_up(
    store: &SqliteEventStore,
    connect: impl Fn() -> Result<Connection, Failure>,
    view: &str,
    by: Grouping,
) -> Result<(), Failure> {
    connect()?.execute_batch(&format!(
        "CREATE TABLE {view} (key INTEGER PRIMARY KEY, events INTEGER, cents INTEGER) STRICT"
    ))?;
    let put = format!(
        "INSERT INTO {view} VALUES (?1, 1, ?2)
         ON CONFLICT (key) DO UPDATE SET events = events + 1, cents = cents + excluded.cents"
    );
    let events = Arc::new(AtomicU64::new(0));
    // One that does not follow for ever ends after a page.
    loop {
        let before = events.load(Ordering::Relaxed);
        let (name, put) = (view.to_owned(), put.clone());
        let page = View { name, by, put, rows: connect()?, events: Arc::clone(&events) };
        run_projection(page, store, ProjectionConfig::default()).await?;
        if events.load(Ordering::Relaxed) == before {
            return Ok(());
        }
    }
}

pub fn view(rows: &Connection, view: &str) -> Result<Rows, Failure> {
    let mut select = rows.prepare(&format!("SELECT key, events, cents FROM {view}"))?;
    let row = |events: i64, cents: i64| Row {
        events: events.cast_unsigned(),
        cents: cents.cast_unsigned(),
    };
    let rows =
        select.query_map((), |found| Ok((found.get(0)?, row(found.get(1)?, found.get(2)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
