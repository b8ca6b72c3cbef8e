//! Which events a stream has, and which commits there were: in memory since the last flush, in the
//! file before.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Statement};
use store_jobs::{CATEGORY, Failure, KIND};

use crate::body::Body;

/// So many events are kept in memory before they are written into the indexes.
const IN_MEMORY: usize = 65_536;

#[derive(Default)]
pub struct Index {
    pub kind: i64,
    pub head: i64,
    pub streams: HashMap<String, Stream>,
    commits: BTreeMap<[u8; 16], i64>,
    events: usize,
}

pub struct Stream {
    pub id: i64,
    pub version: u64,
    /// The positions of its events since the last flush.
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
            connection.prepare("SELECT position, stream, body FROM events WHERE position > ?1")?;
        let mut rows = select.query([self.head])?;
        while let Some(row) = rows.next()? {
            let name = names.get(&row.get(1)?).ok_or("a stream has no name")?;
            let commit_id = Body::read(row.get_ref(2)?.as_blob()?)?.commit_id.copied();
            let stream = self.streams.get_mut(name).ok_or("a stream is missing")?;
            stream.version += 1;
            stream.newest.push(row.get(0)?);
            self.head = row.get(0)?;
            self.events += 1;
            self.commits.extend(commit_id.map(|id| (id, self.head)));
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
        for (id, position) in std::mem::take(&mut index.commits) {
            self.commit.execute((id.as_slice(), position))?;
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

/// Hands on the positions of a stream's events, from the first to the last.
pub fn positions(
    connection: &Connection,
    index: &Index,
    stream: &str,
    mut each: impl FnMut(i64) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let stream = index.streams.get(stream).ok_or_else(|| format!("no {CATEGORY} {stream}"))?;
    let mut select = connection.prepare_cached(
        "SELECT first, positions FROM of_stream WHERE stream = ?1 ORDER BY first",
    )?;
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
