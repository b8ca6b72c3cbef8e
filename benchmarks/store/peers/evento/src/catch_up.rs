//! A projection that follows the log, by evento's own subscription: it saves its place after every so many
//! events, in a commit of its own, so their rows must be on the disk before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use evento::metadata::Event;
use evento::subscription::{Context, SubscriptionBuilder};
use evento::{Executor, Sqlite};
use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, query, query_as};
use store_jobs::{Failure, Grouping, Row, Rows};

use crate::Deposited;

/// The rows of the events that wait for the next commit.
#[derive(Clone)]
struct View {
    pool: SqlitePool,
    put: String,
    by: Grouping,
    in_commit: usize,
    waiting: Arc<Mutex<(usize, HashMap<u32, Row>)>>,
}

impl View {
    /// Adds an event. Whether there are enough of them now.
    fn add(&self, stream: &str, event: &Deposited) -> Result<bool, std::num::ParseIntError> {
        let stream = stream.rsplit('-').next().unwrap_or_default().parse()?;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (events, rows) = &mut *waiting;
        rows.entry(self.by.key(stream, event.region)).or_default().add(event.cents);
        *events += 1;
        Ok(*events == self.in_commit)
    }

    async fn commit(&self) -> Result<(), sqlx::Error> {
        let (_, rows) =
            std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let mut transaction = self.pool.begin().await?;
        for (key, row) in rows {
            query(AssertSqlSafe(self.put.clone()))
                .bind(key)
                .bind(row.events.cast_signed())
                .bind(row.cents.cast_signed())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }
}

#[evento::subscription]
async fn on_deposited<E: Executor>(
    context: &Context<'_, E>,
    event: Event<Deposited>,
) -> anyhow::Result<()> {
    let view: View = context.extract();
    if view.add(&event.aggregate_id, &event.data)? {
        view.commit().await?;
    }
    Ok(())
}

pub async fn catch_up(
    store: &Sqlite,
    pool: &SqlitePool,
    view: &str,
    by: Grouping,
    in_commit: usize,
) -> Result<(), Failure> {
    query(AssertSqlSafe(format!(
        "CREATE TABLE {view} (key INTEGER PRIMARY KEY, events INTEGER, cents INTEGER) STRICT"
    )))
    .execute(pool)
    .await?;
    let put = format!(
        "INSERT INTO {view} VALUES (?1, ?2, ?3) ON CONFLICT (key)
         DO UPDATE SET events = events + excluded.events, cents = cents + excluded.cents"
    );
    let (pool, waiting) = (pool.clone(), Arc::default());
    let rows = View { pool, put, by, in_commit, waiting };
    let chunk = u16::try_from(in_commit)?;
    SubscriptionBuilder::new(view)
        .data(rows.clone())
        .handler(on_deposited())
        .chunk_size(chunk)
        .ack_every(chunk)
        .run_once(store)
        .await?;
    Ok(rows.commit().await?)
}

pub async fn view(pool: &SqlitePool, view: &str) -> Result<Rows, Failure> {
    let select = AssertSqlSafe(format!("SELECT key, events, cents FROM {view}"));
    let rows: Vec<(u32, i64, i64)> = query_as(select).fetch_all(pool).await?;
    let row = |events: i64, cents: i64| Row {
        events: events.cast_unsigned(),
        cents: cents.cast_unsigned(),
    };
    Ok(rows.into_iter().map(|(key, events, cents)| (key, row(events, cents))).collect())
}
