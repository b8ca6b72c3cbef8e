//! Inserting events.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Statement};
use store_jobs::{CATEGORY, Failure, KIND, Planned};

/// An event on its way, with what a caller knows of it.
pub struct New<'a> {
    stream: &'a str,
    expected: u64,
    commit_id: Option<[u8; 16]>,
    occurred_at: i64,
    correlation: [u8; 16],
    causation: [u8; 16],
    payload: Vec<u8>,
}

impl<'a> New<'a> {
    pub fn of(
        stream: &'a str,
        planned: &Planned,
        commit_id: Option<[u8; 16]>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            stream,
            expected: planned.version - 1,
            commit_id,
            occurred_at: now()?,
            correlation: planned.correlation,
            causation: planned.causation,
            payload: postcard::to_allocvec(&planned.deposit)?,
        })
    }
}

fn now() -> Result<i64, Failure> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros().try_into()?)
}

/// What the only writer of a file needs not ask it: the numbers of streams and kinds, the versions of
/// streams, the head.
pub struct Known {
    streams: HashMap<String, Stream>,
    kind: i64,
    head: i64,
}

struct Stream {
    id: i64,
    version: u64,
}

impl Known {
    pub fn read(connection: &Connection) -> Result<Self, Failure> {
        connection.execute(
            "INSERT INTO kinds (kind, version) VALUES (?1, 1) ON CONFLICT DO NOTHING",
            [KIND],
        )?;
        let ask = |sql| connection.query_row(sql, (), |row| row.get(0));
        let mut streams = HashMap::new();
        let mut select = connection.prepare(
            "SELECT stream, id, (SELECT max(version) FROM events WHERE stream = s.id)
             FROM streams AS s",
        )?;
        let mut rows = select.query(())?;
        while let Some(row) = rows.next()? {
            let version = row.get::<_, i64>(2)?.try_into()?;
            streams.insert(row.get(0)?, Stream { id: row.get(1)?, version });
        }
        Ok(Self {
            streams,
            kind: ask("SELECT id FROM kinds")?,
            head: ask("SELECT coalesce(max(position), 0) FROM events")?,
        })
    }
}

/// A connection that writes.
pub struct Writer<'a> {
    begin: Statement<'a>,
    commit: Statement<'a>,
    insert: Statement<'a>,
    insert_stream: Statement<'a>,
    known: &'a mut Known,
    recorded_at: i64,
}

impl<'a> Writer<'a> {
    pub fn new(connection: &'a Connection, known: &'a mut Known) -> Result<Self, Failure> {
        Ok(Self {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            insert: connection
                .prepare("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?,
            insert_stream: connection
                .prepare("INSERT INTO streams (category, stream) VALUES (?1, ?2)")?,
            known,
            recorded_at: 0,
        })
    }

    pub fn begin(&mut self) -> Result<(), Failure> {
        self.recorded_at = now()?;
        self.begin.execute(())?;
        Ok(())
    }

    /// Writes an event if its stream is as expected. An error ends the job: here nobody is wrong, so
    /// that what a transaction has put into memory need never be taken back.
    pub fn append(&mut self, new: &New<'_>) -> Result<(), Failure> {
        let stream = match self.known.streams.get_mut(new.stream) {
            Some(stream) => stream,
            None => {
                let id = self.insert_stream.insert((CATEGORY, new.stream))?;
                let stream = Stream { id, version: 0 };
                self.known.streams.entry(new.stream.to_owned()).or_insert(stream)
            }
        };
        if stream.version != new.expected {
            return Err(format!("{} is at version {}", new.stream, stream.version).into());
        }
        stream.version += 1;
        self.known.head += 1;
        self.insert.execute((
            self.known.head,
            stream.id,
            stream.version.cast_signed(),
            self.known.kind,
            new.commit_id.as_ref().map(<[u8; 16]>::as_slice),
            new.occurred_at,
            self.recorded_at,
            new.correlation.as_slice(),
            new.causation.as_slice(),
            new.payload.as_slice(),
        ))?;
        Ok(())
    }

    /// Everything since [`begin`](Self::begin) is durable when this returns.
    pub fn commit(&mut self) -> Result<(), Failure> {
        self.commit.execute(())?;
        Ok(())
    }
}
