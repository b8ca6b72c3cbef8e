//! Reading events.

use std::hint::black_box;

use rusqlite::{Connection, Row};
use store_jobs::{Account, Deposit, Failure, KIND};
use store_raw::Log;

use crate::block::{Block, Event};
use crate::index::{Index, blocks};

const BLOCK: &str = "SELECT position, body FROM blocks WHERE position = ?1";

pub fn load(connection: &Connection, index: &Index, stream: &str) -> Result<Account, Failure> {
    let mut account = Account::default();
    let mut select = connection.prepare_cached(BLOCK)?;
    let mut version = 0;
    let found = index.streams.get(stream).ok_or_else(|| format!("there is no {stream}"))?;
    blocks(connection, found, |block| {
        let mut rows = select.query([block])?;
        let row = rows.next()?.ok_or("an event is missing")?;
        for event in Block::read(row)?.of_stream(found.id) {
            let event = event?;
            version += 1;
            if event.version != version {
                return Err(format!("version {version} of {stream} is missing").into());
            }
            account.deposit(&deposit(&event)?);
        }
        Ok(())
    })?;
    Ok(account)
}

pub fn scan(connection: &Connection) -> Result<Account, Failure> {
    let names = Names::load(connection)?;
    let mut total = Account::default();
    let mut select = connection.prepare_cached(Names::SELECT)?;
    let mut rows = select.query([0])?;
    let mut last = 0;
    while let Some(row) = rows.next()? {
        names.read(row, |position, stream, deposit| {
            last += 1;
            if position != last {
                return Err(format!("position {last} is missing").into());
            }
            black_box(stream);
            total.deposit(&deposit);
            Ok(())
        })?;
    }
    Ok(total)
}

/// Reads everything of an event but its position and its stream.
fn deposit<'r>(event: &Event<'r>) -> Result<Deposit<'r>, Failure> {
    black_box((event.version, event.kind, event.occurred_at, event.recorded_at));
    let body = &event.body;
    black_box((body.commit_id, body.correlation, body.causation));
    body.deposit()
}

/// The names of streams by their numbers.
pub struct Names(Vec<String>);

impl Names {
    pub fn load(connection: &Connection) -> Result<Self, Failure> {
        let mut select = connection.prepare_cached("SELECT stream FROM streams ORDER BY id")?;
        let names = select.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(Self(names))
    }
}

impl Log for Names {
    const SELECT: &'static str =
        "SELECT position, body FROM blocks WHERE position > ?1 ORDER BY position";

    fn read(
        &self,
        row: &Row<'_>,
        mut each: impl FnMut(i64, &str, Deposit<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for event in Block::read(row)?.events() {
            let event = event?;
            let place = usize::try_from(event.stream - 1)?;
            let stream = self.0.get(place).ok_or("a stream has no name")?;
            // There is one kind.
            black_box(KIND);
            each(event.position, stream, deposit(&event)?)?;
        }
        Ok(())
    }
}
