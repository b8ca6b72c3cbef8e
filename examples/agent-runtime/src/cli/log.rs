//! `log`: every event, its payload rendered from the schema in the log.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::ControlFlow;

use serde::Serialize;
use vitae::schema::Value;
use vitae::store::{EventRef, EventStore, Query, Read};
use vitae::{Catalog, CatalogError, tag};
use vitae_sqlite::SqliteStore;

use super::output::time_of_day;
use super::{Failure, Listing};

/// Shows every event, written as it is read: a log may be longer than memory.
pub(super) fn log(listing: &Listing) -> Result<(), Failure> {
    let store = SqliteStore::open_read_only(&listing.db)?;
    let catalog = Catalog::load(&store)?;
    let query = match &listing.session {
        Some(session) => Query::tag(tag("session", session)?),
        None => Query::all(),
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let store: &dyn EventStore = &store;
    store.visit(Read::log(query), |event| -> Result<_, Failure> {
        let payload = match catalog.render(event) {
            Ok(value) => value,
            Err(CatalogError::Erased(_)) => Value::Null,
            Err(error) => return Err(format!("position {}: {error}", event.position()).into()),
        };
        if listing.json {
            writeln!(out, "{}", serde_json::to_string(&LogLine::new(event, &payload))?)?;
        } else {
            let (position, time) = (event.position(), time_of_day(event.occurred_at()));
            let stream = format!("{}/{}", event.category(), event.stream());
            writeln!(out, "{position:>6}  {time}  {:<27} {stream:<46} {payload}", event.kind())?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(out.flush()?)
}

/// An event of the log, as a program reads it.
#[derive(Serialize)]
struct LogLine<'a> {
    position: u64,
    category: &'a str,
    stream: &'a str,
    version: u64,
    kind: &'a str,
    kind_version: u32,
    id: String,
    /// Unix milliseconds, like `recorded_at`.
    occurred_at: i64,
    recorded_at: i64,
    correlation: String,
    causation: Option<String>,
    tags: Vec<&'a str>,
    metadata: BTreeMap<&'a str, &'a str>,
    payload: &'a Value,
}

impl<'a> LogLine<'a> {
    fn new(event: &EventRef<'a>, payload: &'a Value) -> Self {
        Self {
            position: event.position().get(),
            category: event.category(),
            stream: event.stream(),
            version: event.version().get(),
            kind: event.kind(),
            kind_version: event.kind_version().get(),
            id: event.id().to_string(),
            occurred_at: event.occurred_at().as_millis(),
            recorded_at: event.recorded_at().as_millis(),
            correlation: event.correlation().to_string(),
            causation: event.causation().map(|id| id.to_string()),
            tags: event.tags().collect(),
            metadata: event.metadata().collect(),
            payload,
        }
    }
}
