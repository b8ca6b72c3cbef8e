//! Inserting events.

use rusqlite::{Connection, Statement};
use store_jobs::{CATEGORY, Failure};
use store_raw::{New, Writer, now};

use crate::body;
use crate::index::{Flush, Index, Stream};

pub struct Inserting<'a> {
    begin: Statement<'a>,
    commit: Statement<'a>,
    insert: Statement<'a>,
    insert_stream: Statement<'a>,
    commit_by_id: Statement<'a>,
    flush: Flush<'a>,
    index: &'a mut Index,
    body: Vec<u8>,
    recorded_at: i64,
}

impl<'a> Inserting<'a> {
    pub fn new(connection: &'a Connection, index: &'a mut Index) -> Result<Self, Failure> {
        Ok(Self {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            insert: connection.prepare("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?,
            insert_stream: connection
                .prepare("INSERT INTO streams (category, stream, version) VALUES (?1, ?2, 0)")?,
            commit_by_id: connection.prepare("SELECT 1 FROM commits WHERE id = ?1")?,
            flush: Flush::new(connection)?,
            index,
            body: Vec::new(),
            recorded_at: 0,
        })
    }

    fn stream(&mut self, name: &str) -> Result<&mut Stream, Failure> {
        if !self.index.streams.contains_key(name) {
            let id = self.insert_stream.insert((CATEGORY, name))?;
            let stream = Stream { id, version: 0, newest: Vec::new() };
            self.index.streams.insert(name.to_owned(), stream);
        }
        Ok(self.index.streams.get_mut(name).ok_or("it was just put there")?)
    }
}

impl Writer for Inserting<'_> {
    fn begin(&mut self) -> Result<(), Failure> {
        self.recorded_at = now()?;
        self.begin.execute(())?;
        Ok(())
    }

    fn append(&mut self, new: &New<'_>) -> Result<(), Failure> {
        if let Some(id) = &new.commit_id
            && (self.index.has_commit(id) || self.commit_by_id.exists([id.as_slice()])?)
        {
            return Err("a commit is there already".into());
        }
        let position = self.index.head + 1;
        let stream = self.stream(new.stream)?;
        if stream.version != new.expected {
            return Err(format!("{} is at version {}", new.stream, stream.version).into());
        }
        stream.version += 1;
        stream.newest.push(position);
        let (id, version) = (stream.id, stream.version.cast_signed());
        body::write(new, &mut self.body);
        self.insert.execute((
            position,
            id,
            version,
            self.index.kind,
            new.occurred_at,
            self.recorded_at,
            self.body.as_slice(),
        ))?;
        self.index.head = position;
        self.index.note(new.commit_id);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Failure> {
        if self.index.is_full() {
            self.flush.run(self.index)?;
        }
        self.commit.execute(())?;
        Ok(())
    }
}
