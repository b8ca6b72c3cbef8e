//! Which events a stream has, and which commits there were: in memory since the last flush, in the
//! file before.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Connection;
use store_jobs::{Failure, KIND};

use crate::block::Block;
use crate::number::read_list;

/// So many events are kept in memory before they are written into the indexes.
const IN_MEMORY: usize = 65_536;

#[derive(Default)]
pub struct Index {
    pub kind: i64,
    pub head: i64,
    pub streams: HashMap<String, Stream>,
    pub commits: BTreeMap<[u8; 16], i64>,
    /// The largest id in the index of the file.
    pub largest: Option<[u8; 16]>,
    pub events: usize,
}

pub struct Stream {
    pub id: i64,
    pub version: u64,
    /// The blocks of its events since the last flush.
    pub newest: Vec<i64>,
}

impl Index {
    pub fn read(connection: &Connection) -> Result<Self, Failure> {
        connection.execute(
            "INSERT INTO kinds (kind, version) VALUES (?1, 1) ON CONFLICT DO NOTHING",
            [KIND],
        )?;
        let ask = |sql| connection.query_row(sql, (), |row| row.get(0));
        let mut index = Self {
            kind: ask("SELECT id FROM kinds")?,
            head: ask("SELECT position FROM flushed")?,
            ..Self::default()
        };
        let mut names = HashMap::new();
        let mut select = connection.prepare("SELECT id, stream, version FROM streams")?;
        let mut rows = select.query(())?;
        while let Some(row) = rows.next()? {
            let (id, name) = (row.get(0)?, row.get::<_, String>(1)?);
            names.insert(id, name.clone());
            let version = row.get::<_, i64>(2)?.try_into()?;
            index.streams.insert(name, Stream { id, version, newest: Vec::new() });
        }
        let mut last =
            connection.prepare("SELECT entries FROM commits ORDER BY first DESC LIMIT 1")?;
        if let Some(row) = last.query(())?.next()? {
            let entry = row.get_ref(0)?.as_blob()?.as_chunks::<24>().0.last();
            index.largest = entry.and_then(|entry| entry.first_chunk().copied());
        }
        index.read_newest(connection, &names)?;
        Ok(index)
    }

    /// What came after the last flush.
    fn read_newest(
        &mut self,
        connection: &Connection,
        names: &HashMap<i64, String>,
    ) -> Result<(), Failure> {
        let mut select =
            connection.prepare("SELECT position, body FROM blocks WHERE position > ?1")?;
        let mut rows = select.query([self.head])?;
        while let Some(row) = rows.next()? {
            let first = row.get(0)?;
            for event in Block::read(row)?.events() {
                let event = event?;
                let name = names.get(&event.stream).ok_or("a stream has no name")?;
                let stream = self.streams.get_mut(name).ok_or("a stream is missing")?;
                stream.version += 1;
                stream.newest.push(first);
                self.head = event.position;
                self.note(event.body.commit_id.copied());
            }
        }
        Ok(())
    }

    pub fn note(&mut self, commit_id: Option<[u8; 16]>) {
        self.events += 1;
        self.commits.extend(commit_id.map(|id| (id, self.head)));
    }

    pub fn has_commit(&self, id: &[u8; 16]) -> bool {
        self.commits.contains_key(id)
    }

    pub fn is_full(&self) -> bool {
        self.events >= IN_MEMORY
    }
}

/// The blocks of a stream's last events as of the last flush, those that fill no chunk.
pub fn recent(connection: &Connection, stream: i64) -> Result<Vec<i64>, Failure> {
    let mut select = connection.prepare_cached("SELECT recent FROM streams WHERE id = ?1")?;
    let mut rows = select.query([stream])?;
    let row = rows.next()?.ok_or("a stream is missing")?;
    read_list(row.get_ref(0)?.as_blob()?)
}
