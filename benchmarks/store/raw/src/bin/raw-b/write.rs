//! Inserting events.

use std::collections::HashMap;

use rusqlite::{Connection, Statement};
use store_jobs::{CATEGORY, Failure};
use store_raw::{New, Writer, now};

use crate::block::{Builder, Head};
use crate::flush::Flush;
use crate::index::{Index, Stream};

pub struct Inserting<'a> {
    begin: Statement<'a>,
    commit: Statement<'a>,
    insert: Statement<'a>,
    insert_stream: Statement<'a>,
    commits_of: Statement<'a>,
    flush: Flush<'a>,
    index: &'a mut Index,
    block: Builder,
    recorded_at: i64,
}

impl<'a> Inserting<'a> {
    pub fn new(connection: &'a Connection, index: &'a mut Index) -> Result<Self, Failure> {
        Ok(Self {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            insert: connection.prepare("INSERT INTO blocks VALUES (?1, ?2, ?3)")?,
            insert_stream: connection.prepare(
                "INSERT INTO streams (category, stream, version, recent) VALUES (?1, ?2, 0, x'')",
            )?,
            commits_of: connection.prepare(
                "SELECT entries FROM commits WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
            )?,
            flush: Flush::new(connection)?,
            index,
            block: Builder::default(),
            recorded_at: 0,
        })
    }

    /// Whether a commit is among those that were written into the index.
    fn is_indexed(&mut self, id: &[u8; 16]) -> Result<bool, Failure> {
        // New ids grow.
        if self.index.largest.is_none_or(|largest| largest < *id) {
            return Ok(false);
        }
        let mut rows = self.commits_of.query([id.as_slice()])?;
        let Some(row) = rows.next()? else { return Ok(false) };
        Ok(row.get_ref(0)?.as_blob()?.as_chunks::<24>().0.iter().any(|entry| entry.starts_with(id)))
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
            && (self.index.has_commit(id) || self.is_indexed(id)?)
        {
            return Err("a commit is there already".into());
        }
        let (position, kind) = (self.index.head + 1, self.index.kind);
        let stream = stream(&mut self.index.streams, &mut self.insert_stream, new.stream)?;
        if stream.version != new.expected {
            return Err(format!("{} is at version {}", new.stream, stream.version).into());
        }
        stream.version += 1;
        let (id, version, lag) = (stream.id, stream.version, self.recorded_at - new.occurred_at);
        let head = Head { stream: id, version, kind, lag };
        if !self.block.has_room(&head, new) {
            self.insert.execute(self.block.take())?;
        }
        self.block.push(position, self.recorded_at, &head, new);
        stream.newest.push(self.block.first);
        self.index.head = position;
        self.index.note(new.commit_id);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Failure> {
        if !self.block.is_empty() {
            self.insert.execute(self.block.take())?;
        }
        if self.index.is_full() {
            self.flush.run(self.index)?;
        }
        self.commit.execute(())?;
        Ok(())
    }
}

fn stream<'i>(
    streams: &'i mut HashMap<String, Stream>,
    insert: &mut Statement<'_>,
    name: &str,
) -> Result<&'i mut Stream, Failure> {
    if !streams.contains_key(name) {
        let stream =
            Stream { id: insert.insert((CATEGORY, name))?, version: 0, newest: Vec::new() };
        streams.insert(name.to_owned(), stream);
    }
    Ok(streams.get_mut(name).ok_or("it was just put there")?)
}
