//! Reading events.

use std::hint::black_box;

use rusqlite::{Connection, Row};
use store_jobs::{Account, Deposit, Failure, KIND};
use store_raw::Log;

use crate::block::{Block, Event, of_stream};
use crate::bundle::Events;
use crate::index::{Index, recent};
use crate::number::read_list;

/// The chunks of a stream, with their bundles where they have some.
const CHUNKS: &str = "SELECT version, blocks, events FROM chunks LEFT JOIN bundles ON id = bundle
     WHERE stream = ?1 ORDER BY version";

pub fn load(connection: &Connection, index: &Index, stream: &str) -> Result<Account, Failure> {
    let (mut account, mut version) = (Account::default(), 0);
    let found = index.streams.get(stream).ok_or_else(|| format!("there is no {stream}"))?;
    let mut each = |event: &Event<'_>| {
        version += 1;
        if event.version != version {
            return Err(format!("version {version} of {stream} is missing").into());
        }
        account.deposit(&deposit(event)?);
        Ok(())
    };
    let mut blocks = recent(connection, found.id)?;
    blocks.extend_from_slice(&found.newest);
    let chunked = found.version - blocks.len() as u64;
    if chunked > 0 {
        of_chunks(connection, found.id, &mut each)?;
    }
    of_stream(connection, found.id, &blocks, &(chunked + 1..=found.version), each)?;
    Ok(account)
}

/// Hands on the events of a stream that are in chunks, out of bundles where there are some.
fn of_chunks(
    connection: &Connection,
    stream: i64,
    mut each: impl FnMut(&Event<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut select = connection.prepare_cached(CHUNKS)?;
    let mut rows = select.query([stream])?;
    while let Some(row) = rows.next()? {
        let version = row.get::<_, i64>(0)?.cast_unsigned();
        if let Some(bundle) = row.get_ref(2)?.as_blob_or_null()? {
            Events::of(stream, version, bundle).try_for_each(|event| each(&event?))?;
        } else {
            let blocks = read_list(row.get_ref(1)?.as_blob()?)?;
            let versions = version..=version + blocks.len() as u64 - 1;
            of_stream(connection, stream, &blocks, &versions, &mut each)?;
        }
    }
    Ok(())
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
