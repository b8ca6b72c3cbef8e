//! Which events a stream has, and which commits there were: in memory since the last flush, in the
//! file before.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Statement};
use store_jobs::{Failure, KIND};

use crate::block::Block;

/// So many events are kept in memory before they are written into the indexes.
const IN_MEMORY: usize = 65_536;

/// So many commits are in a row.
const IN_ROW: usize = 80;

#[derive(Default)]
pub struct Index {
    pub kind: i64,
    pub head: i64,
    pub streams: HashMap<String, Stream>,
    commits: BTreeMap<[u8; 16], i64>,
    /// The largest id in the index of the file.
    pub largest: Option<[u8; 16]>,
    events: usize,
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

/// The statements of a flush.
pub struct Flush<'a> {
    positions: Statement<'a>,
    version: Statement<'a>,
    commit: Statement<'a>,
    flushed: Statement<'a>,
}

impl<'a> Flush<'a> {
    pub fn new(connection: &'a Connection) -> Result<Self, Failure> {
        Ok(Self {
            positions: connection.prepare("INSERT INTO of_stream VALUES (?1, ?2, ?3)")?,
            version: connection.prepare("UPDATE streams SET version = ?2 WHERE id = ?1")?,
            commit: connection.prepare("INSERT INTO commits VALUES (?1, ?2)")?,
            flushed: connection.prepare("UPDATE flushed SET position = ?1")?,
        })
    }

    /// Writes what is in memory, in the order of the tables.
    pub fn run(&mut self, index: &mut Index) -> Result<(), Failure> {
        let mut streams: Vec<&mut Stream> =
            index.streams.values_mut().filter(|stream| !stream.newest.is_empty()).collect();
        streams.sort_unstable_by_key(|stream| stream.id);
        let mut bytes = Vec::new();
        for stream in streams {
            bytes.clear();
            let first = stream.newest[0];
            let mut before = first;
            for position in stream.newest.drain(..) {
                write_number((position - before).cast_unsigned(), &mut bytes);
                before = position;
            }
            self.positions.execute((stream.id, first, bytes.as_slice()))?;
            self.version.execute((stream.id, stream.version.cast_signed()))?;
        }
        let commits: Vec<_> = std::mem::take(&mut index.commits).into_iter().collect();
        index.largest = index.largest.max(commits.last().map(|(id, _)| *id));
        for some in commits.chunks(IN_ROW) {
            bytes.clear();
            for (id, position) in some {
                bytes.extend_from_slice(id);
                bytes.extend_from_slice(&position.to_le_bytes());
            }
            self.commit.execute((some[0].0.as_slice(), bytes.as_slice()))?;
        }
        self.flushed.execute([index.head])?;
        index.events = 0;
        Ok(())
    }
}

fn write_number(mut number: u64, into: &mut Vec<u8>) {
    while number >= 0x80 {
        into.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    into.push(number.to_le_bytes()[0]);
}

/// Hands on the blocks of a stream's events, from the first to the last, each once.
pub fn blocks(
    connection: &Connection,
    stream: &Stream,
    mut each: impl FnMut(i64) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut last = 0;
    let mut each = |block| {
        let new = std::mem::replace(&mut last, block) != block;
        if new { each(block) } else { Ok(()) }
    };
    let mut select = connection
        .prepare_cached("SELECT first, blocks FROM of_stream WHERE stream = ?1 ORDER BY first")?;
    let mut rows = select.query([stream.id])?;
    while let Some(row) = rows.next()? {
        let mut position = row.get_ref(0)?.as_i64()?;
        let (mut number, mut shift) = (0, 0);
        for byte in row.get_ref(1)?.as_blob()? {
            number |= i64::from(byte & 0x7f) << shift;
            shift += 7;
            if *byte < 0x80 {
                position += number;
                each(position)?;
                (number, shift) = (0, 0);
            }
        }
    }
    stream.newest.iter().try_for_each(|position| each(*position))
}
