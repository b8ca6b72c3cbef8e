//! A projection that follows the log: rows and checkpoint in one transaction, by mire's own runner.

use std::collections::HashMap;
use std::time::Duration;

use mire::{EventStore, HandledEvent, ProjectionRunner, TransactionalBatchEventHandler};
use sqlx::{AssertSqlSafe, SqliteConnection, query, query_as};
use store_jobs::{Failure, Grouping, Row, Rows};
use tokio_util::sync::CancellationToken;

use crate::{Deposited, Folded};

struct View {
    put: String,
    by: Grouping,
}

impl TransactionalBatchEventHandler for View {
    type Aggregate = Folded;

    async fn handle_batch(
        &self,
        events: Vec<HandledEvent<Deposited>>,
        connection: &mut SqliteConnection,
    ) -> anyhow::Result<()> {
        let mut new = HashMap::<u32, Row>::new();
        for event in &events {
            let deposit = &event.event.0;
            let stream = event.stream_id().rsplit('-').next().unwrap_or_default().parse()?;
            new.entry(self.by.key(stream, deposit.region)).or_default().add(deposit.cents);
        }
        for (key, row) in new {
            query(AssertSqlSafe(self.put.clone()))
                .bind(key)
                .bind(row.events.cast_signed())
                .bind(row.cents.cast_signed())
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}

pub async fn catch_up(
    store: &EventStore,
    view: &str,
    by: Grouping,
    in_commit: usize,
) -> Result<(), Failure> {
    query(AssertSqlSafe(format!(
        "CREATE TABLE {view} (key INTEGER PRIMARY KEY, events INTEGER, cents INTEGER) STRICT"
    )))
    .execute(store.pool())
    .await?;
    let put = format!(
        "INSERT INTO {view} VALUES (?1, ?2, ?3) ON CONFLICT (key)
         DO UPDATE SET events = events + excluded.events, cents = cents + excluded.cents"
    );
    let runner = ProjectionRunner::builder(store.clone())
        .batch_size(i64::try_from(in_commit)?)
        .subscribe_transactional_batch(view, View { put, by })
        .build();
    let stop = CancellationToken::new();
    let running = tokio::spawn(runner.run(stop.clone()));
    // It follows for ever; only its lag says that it has caught up.
    while !running.is_finished() && store.projection_lag(view).await? > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    stop.cancel();
    Ok(running.await??)
}

pub async fn view(store: &EventStore, view: &str) -> Result<Rows, Failure> {
    let select = AssertSqlSafe(format!("SELECT key, events, cents FROM {view}"));
    let rows: Vec<(u32, i64, i64)> = query_as(select).fetch_all(store.pool()).await?;
    let row = |events: i64, cents: i64| Row {
        events: events.cast_unsigned(),
        cents: cents.cast_unsigned(),
    };
    Ok(rows.into_iter().map(|(key, events, cents)| (key, row(events, cents))).collect())
}
