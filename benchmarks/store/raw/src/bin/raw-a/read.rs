//! Reading events.

use std::collections::HashMap;
use std::hint::black_box;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use store_jobs::{Account, CATEGORY, Deposit, Failure};
use store_raw::Log;

pub fn load(connection: &Connection, stream: &str) -> Result<Account, Failure> {
    let mut account = Account::default();
    let mut select = connection.prepare_cached(include_str!("stream.sql"))?;
    let mut rows = select.query((CATEGORY, stream))?;
    let mut version = 0;
    while let Some(row) = rows.next()? {
        version += 1;
        if row.get_ref(1)?.as_i64()? != version {
            return Err(format!("version {version} of {stream} is missing").into());
        }
        look_at(row)?;
        account.deposit(&deposit(row)?);
    }
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

/// The columns that stand in both selects at one place, from the third on.
fn look_at(row: &Row<'_>) -> Result<(), Failure> {
    black_box(row.get_ref(2)?.as_i64()?);
    black_box(row.get_ref(3)?.as_blob_or_null()?);
    black_box((row.get_ref(4)?.as_i64()?, row.get_ref(5)?.as_i64()?));
    black_box((row.get_ref(6)?.as_blob()?, row.get_ref(7)?.as_blob_or_null()?));
    Ok(())
}

fn deposit<'a>(row: &'a Row<'_>) -> Result<Deposit<'a>, Failure> {
    let ValueRef::Blob(payload) = row.get_ref(8)? else {
        return Err("a payload is no blob".into());
    };
    Ok(postcard::from_bytes(payload)?)
}

/// The names of streams and kinds by their numbers.
pub struct Names {
    streams: Vec<String>,
    kinds: HashMap<i64, String>,
}

impl Names {
    pub fn load(connection: &Connection) -> Result<Self, Failure> {
        let mut select = connection.prepare_cached("SELECT stream FROM streams ORDER BY id")?;
        let streams = select.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut select = connection.prepare_cached("SELECT id, kind FROM kinds")?;
        let kinds = select
            .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(Self { streams, kinds })
    }

    /// Those of a row of the log.
    fn of(&self, row: &Row<'_>) -> Result<(&str, &str), Failure> {
        let place = usize::try_from(row.get_ref(9)?.as_i64()? - 1)?;
        let stream = self.streams.get(place).ok_or("a stream has no name")?;
        let kind = self.kinds.get(&row.get_ref(2)?.as_i64()?).ok_or("a kind has no name")?;
        Ok((stream, kind))
    }
}

impl Log for Names {
    const SELECT: &'static str = include_str!("log.sql");

    fn read(
        &self,
        row: &Row<'_>,
        mut each: impl FnMut(i64, &str, Deposit<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (stream, kind) = self.of(row)?;
        black_box((kind, row.get_ref(1)?.as_i64()?));
        look_at(row)?;
        each(row.get_ref(0)?.as_i64()?, stream, deposit(row)?)
    }
}
