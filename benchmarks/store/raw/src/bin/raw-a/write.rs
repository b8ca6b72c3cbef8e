//! Inserting events.

use std::collections::HashMap;

use rusqlite::{Connection, Statement};
use store_jobs::{CATEGORY, Failure, KIND};
use store_raw::{New, Writer, now};

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
pub struct Inserting<'a> {
    begin: Statement<'a>,
    commit: Statement<'a>,
    insert: Statement<'a>,
    insert_stream: Statement<'a>,
    known: &'a mut Known,
    recorded_at: i64,
}

impl<'a> Inserting<'a> {
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
}

impl Writer for Inserting<'_> {
    fn begin(&mut self) -> Result<(), Failure> {
        self.recorded_at = now()?;
        self.begin.execute(())?;
        Ok(())
    }

    fn append(&mut self, new: &New<'_>) -> Result<(), Failure> {
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

    fn commit(&mut self) -> Result<(), Failure> {
        self.commit.execute(())?;
        Ok(())
    }
}
