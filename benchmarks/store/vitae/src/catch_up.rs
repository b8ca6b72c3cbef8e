//! A projection that follows the log: rows and checkpoint in one commit.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use store_jobs::{Failure, Grouping, Row, Rows};
use vitae::store::{Checkpoint, CheckpointMove, Commit, EventStore, Page, Query, Read, RowChange};
use vitae::{CommitId, Name};

use crate::account::Deposited;
use crate::look_at;

#[derive(Serialize, Deserialize)]
struct Stored {
    events: u64,
    cents: u64,
}

pub fn catch_up(
    store: &dyn EventStore,
    view: &str,
    by: Grouping,
    in_commit: usize,
) -> Result<(), Failure> {
    let view = Name::new(view)?;
    let mut page = Page::new();
    let mut from = store.checkpoint(&view)?;
    loop {
        let mut read = Read::log(Query::all()).page_of(in_commit);
        if let Some(position) = from.as_ref().and_then(|checkpoint| checkpoint.position) {
            read = read.from_position(position.next().ok_or("the log is full")?);
        }
        store.read(&read, &mut page)?;
        let Some(last) = page.iter().next_back() else { return Ok(()) };
        let to = Checkpoint {
            position: Some(last.position()),
            checksum: Some(last.checksum()),
            cursor: Vec::new(),
        };
        let mut commit = Commit::new(CommitId::generate());
        commit.rows = changes(store, &view, by, &page)?;
        commit.checkpoints.push(CheckpointMove { name: view.clone(), from, to: to.clone() });
        store.commit(commit)?;
        from = Some(to);
    }
}

fn changes(
    store: &dyn EventStore,
    view: &Name,
    by: Grouping,
    page: &Page,
) -> Result<Vec<RowChange>, Failure> {
    let mut new = HashMap::<u32, Row>::new();
    for event in page.iter() {
        look_at(&event);
        let deposited = event.decode::<Deposited>()?;
        let stream = match by {
            Grouping::Region => 0,
            Grouping::Stream => number(event.stream())?,
        };
        new.entry(by.key(stream, deposited.region)).or_default().add(deposited.cents);
    }
    new.into_iter()
        .map(|(key, new)| {
            let key = key.to_be_bytes();
            let row = store.row(view, &key)?;
            let before = match &row {
                Some(row) => postcard::from_bytes(&row.value)?,
                None => Stored { events: 0, cents: 0 },
            };
            let after =
                Stored { events: before.events + new.events, cents: before.cents + new.cents };
            Ok(RowChange {
                view: view.clone(),
                key: key.to_vec(),
                expected: row.map(|row| row.version),
                value: Some(postcard::to_allocvec(&after)?),
            })
        })
        .collect()
}

fn number(stream: &str) -> Result<u32, Failure> {
    Ok(stream.rsplit('-').next().unwrap_or(stream).parse()?)
}

pub fn view(store: &dyn EventStore, view: &str) -> Result<Rows, Failure> {
    let view = Name::new(view)?;
    let mut rows = Rows::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let some = store.rows(&view, &[], after.as_deref(), 1_000)?;
        let Some(last) = some.last() else { return Ok(rows) };
        after = Some(last.key.clone());
        for row in some {
            let Stored { events, cents } = postcard::from_bytes(&row.value)?;
            let key = u32::from_be_bytes(row.key.as_slice().try_into()?);
            rows.insert(key, Row { events, cents });
        }
    }
}
