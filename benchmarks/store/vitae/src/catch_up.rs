//! A projection that follows the log: rows and checkpoint in one commit.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use store_jobs::{Failure, Grouping, Row, Rows};
use vitae::store::EventStore;
use vitae::{Bus, Projection};

use crate::account::Deposited;

#[derive(Serialize, Deserialize, Default)]
struct Stored {
    events: u64,
    cents: u64,
}

/// A bus on which a projection into a view follows the log.
pub fn following(
    store: &Arc<dyn EventStore>,
    view: &str,
    by: Grouping,
    in_commit: usize,
) -> Result<Bus, Failure> {
    let projection = Projection::new(view).on(move |event: &Deposited, account, rows| {
        let stream = match by {
            Grouping::Region => 0,
            Grouping::Stream => number(account.stream().id().as_str())?,
        };
        let key = by.key(stream, event.region).to_be_bytes();
        let before: Stored = rows.get(key)?.unwrap_or_default();
        let cents = before.cents + u64::from(event.cents);
        rows.put(key, &Stored { events: before.events + 1, cents })
    });
    let projection = projection.catch_up(1).batch(in_commit);
    Ok(Bus::builder(Arc::clone(store)).projection(projection).open()?)
}

pub fn number(stream: &str) -> Result<u32, Failure> {
    Ok(stream.rsplit('-').next().unwrap_or(stream).parse()?)
}

pub fn view(bus: &Bus, view: &str) -> Result<Rows, Failure> {
    let mut rows = Rows::new();
    for row in bus.view::<Stored>(view)?.scan("") {
        let (key, Stored { events, cents }) = row?;
        rows.insert(u32::from_be_bytes(key.as_slice().try_into()?), Row { events, cents });
    }
    Ok(rows)
}
