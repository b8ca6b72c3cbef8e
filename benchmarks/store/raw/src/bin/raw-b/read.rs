//! Reading events.

use std::hint::black_box;

use rusqlite::{Connection, Row};
use store_jobs::{Account, Deposit, Failure, KIND};
use store_raw::Log;

use crate::body::Body;
use crate::index::{Index, positions};

const EVENT: &str = "SELECT position, stream, version, kind, occurred_at, recorded_at, body
                     FROM events WHERE position = ?1";

pub fn load(connection: &Connection, index: &Index, stream: &str) -> Result<Account, Failure> {
    let mut account = Account::default();
    let mut select = connection.prepare_cached(EVENT)?;
    let mut version = 0;
    positions(connection, index, stream, |position| {
        let mut rows = select.query([position])?;
        let row = rows.next()?.ok_or("an event is missing")?;
        version += 1;
        if row.get_ref(2)?.as_i64()? != version {
            return Err(format!("version {version} of {stream} is missing").into());
        }
        account.deposit(&deposit(row)?);
        Ok(())
    })?;
    Ok(account)
}

pub fn scan(connection: &Connection) -> Result<Account, Failure> {
    let names = Names::load(connection)?;
    let mut total = Account::default();
    let mut select = connection.prepare_cached(Names::SELECT)?;
    let mut rows = select.query([0])?;
    let mut position = 0;
    while let Some(row) = rows.next()? {
        position += 1;
        if row.get_ref(0)?.as_i64()? != position {
            return Err(format!("position {position} is missing").into());
        }
        let (stream, deposit) = names.read(row)?;
        black_box(stream);
        total.deposit(&deposit);
    }
    Ok(total)
}

/// Reads everything of a row but its position and its stream.
fn deposit<'r>(row: &'r Row<'_>) -> Result<Deposit<'r>, Failure> {
    black_box((row.get_ref(2)?.as_i64()?, row.get_ref(3)?.as_i64()?));
    black_box((row.get_ref(4)?.as_i64()?, row.get_ref(5)?.as_i64()?));
    let body = Body::read(row.get_ref(6)?.as_blob()?)?;
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
        "SELECT position, stream, version, kind, occurred_at, recorded_at, body
         FROM events WHERE position > ?1 ORDER BY position";

    fn read<'r>(&'r self, row: &'r Row<'_>) -> Result<(&'r str, Deposit<'r>), Failure> {
        let place = usize::try_from(row.get_ref(1)?.as_i64()? - 1)?;
        let stream = self.0.get(place).ok_or("a stream has no name")?;
        // There is one kind.
        black_box(KIND);
        Ok((stream, deposit(row)?))
    }
}
