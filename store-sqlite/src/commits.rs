//! Which event begins a commit, for the commits that the file has an index of.
//!
//! Owns the encoding, which is part of the format, and how the entries are spread over rows: in the
//! order of the ids, so that the new ones, which grow, fill the last row, and others go between. Never
//! says what an event is: who reads it checks that it begins the commit.
//!
//! ```text
//! the seal of the rest 4 (`seal.rs`) · of each entry: commit id 16 · position 8
//! ```
//! Positions are little-endian.

use rusqlite::Connection;
use vitae::CommitId;
use vitae::store::Damage;

use crate::error::Fault;
use crate::{seal, sql};

/// The most entries of a row: two rows fill a page.
const CHUNK: usize = 80;

const ENTRY: usize = 24;

pub(crate) type Entry = (CommitId, u64);

/// The position of the first event of a commit, if it has an entry.
pub(crate) fn find(connection: &Connection, commit: CommitId) -> Result<Option<u64>, Fault> {
    let Some((_, entries)) = chunk(connection, commit)? else { return Ok(None) };
    let found = entries.binary_search_by_key(&commit, |(id, _)| *id).ok();
    Ok(found.and_then(|index| entries.get(index)).map(|(_, position)| *position))
}

/// Adds entries, in the order of their ids.
pub(crate) fn add(connection: &Connection, mut new: &[Entry]) -> Result<(), Fault> {
    let mut following = connection.prepare_cached(sql::NEXT_COMMIT_CHUNK)?;
    let mut put = connection.prepare_cached(sql::PUT_COMMIT_CHUNK)?;
    let mut insert = connection.prepare_cached(sql::INSERT_COMMIT_CHUNK)?;
    while let Some((first, _)) = new.first() {
        let end: Option<[u8; 16]> =
            following.query_row((first.as_bytes().as_slice(),), |row| row.get(0))?;
        let (here, after) =
            new.split_at(new.partition_point(|(id, _)| end.is_none_or(|end| *id.as_bytes() < end)));
        new = after;
        // What comes before all chunks makes one of its own.
        let (mut row, mut entries) = chunk(connection, *first)?
            .map_or_else(|| (None, Vec::new()), |(row, entries)| (Some(row), entries));
        let grows = entries.last() < here.first();
        entries.extend_from_slice(here);
        entries.sort_unstable();
        // At the end rows are filled; between others there may be more to come.
        let size = if grows && end.is_none() {
            CHUNK
        } else {
            entries.len().div_ceil(entries.len().div_ceil(CHUNK))
        };
        for part in entries.chunks(size) {
            let Some((first, _)) = part.first() else { continue };
            let first = first.as_bytes().as_slice();
            match row.take() {
                Some(row) => put.execute((row, first, encode(part)))?,
                None => insert.execute((first, encode(part)))?,
            };
        }
    }
    Ok(())
}

/// The row that a commit would be in, with its entries.
fn chunk(connection: &Connection, commit: CommitId) -> Result<Option<(i64, Vec<Entry>)>, Fault> {
    let mut statement = connection.prepare_cached(sql::COMMIT_CHUNK)?;
    let mut rows = statement.query((commit.as_bytes().as_slice(),))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let entries = decode(row.get_ref(1)?.as_blob().unwrap_or_default())?;
    Ok(Some((row.get(0)?, entries)))
}

/// Shows every entry, in the order of the ids.
pub(crate) fn walk(connection: &Connection, mut visit: impl FnMut(Entry)) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(sql::COMMIT_CHUNKS)?;
    let mut rows = statement.query(())?;
    let mut before = None;
    while let Some(row) = rows.next()? {
        let entries = decode(row.get_ref(1)?.as_blob().unwrap_or_default())?;
        let first: [u8; 16] = row.get(0)?;
        let found = entries.first().map(|(id, _)| *id.as_bytes());
        if found != Some(first) || before.is_some_and(|before| before >= first) {
            return Err(damaged());
        }
        before = entries.last().map(|(id, _)| *id.as_bytes());
        entries.into_iter().for_each(&mut visit);
    }
    Ok(())
}

fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    for (id, position) in entries {
        bytes.extend_from_slice(id.as_bytes());
        bytes.extend_from_slice(&position.to_le_bytes());
    }
    if let Some((sum, rest)) = bytes.split_first_chunk_mut::<4>() {
        *sum = seal::index(rest);
    }
    bytes
}

/// Takes the entries of a row apart, in the order of their ids.
fn decode(bytes: &[u8]) -> Result<Vec<Entry>, Fault> {
    let (sum, rest) = bytes.split_first_chunk::<4>().ok_or_else(damaged)?;
    let (entries, []) = rest.as_chunks::<ENTRY>() else { return Err(damaged()) };
    let decoded = entries.iter().filter_map(|entry| {
        let (id, position) = entry.split_first_chunk::<16>()?;
        let position = u64::from_le_bytes(position.try_into().ok()?);
        Some((CommitId::from_bytes(*id), position))
    });
    let decoded: Vec<Entry> = decoded.collect();
    if *sum != seal::index(rest) || !decoded.is_sorted_by(|(one, _), (other, _)| one < other) {
        return Err(damaged());
    }
    Ok(decoded)
}

fn damaged() -> Fault {
    Damage::elsewhere("a part of the index of commits does not fit its checksum").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> CommitId {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&number.to_be_bytes());
        CommitId::from_bytes(bytes)
    }

    /// Adds numbers in batches, each sorted, and says how many rows that makes.
    fn added(connection: &Connection, numbers: &[u64]) -> u64 {
        connection.execute_batch(sql::FORMAT_1).unwrap();
        for batch in numbers.chunks(300) {
            let mut batch: Vec<_> = batch.iter().map(|number| (id(*number), *number)).collect();
            batch.sort_unstable();
            add(connection, &batch).unwrap();
        }
        let mut found = Vec::new();
        walk(connection, |(_, position)| found.push(position)).unwrap();
        let mut sorted = numbers.to_vec();
        sorted.sort_unstable();
        assert_eq!(found, sorted);
        for number in numbers {
            assert_eq!(find(connection, id(*number)).unwrap(), Some(*number));
            assert_eq!(find(connection, id(number + 1)).unwrap(), None);
        }
        assert_eq!(find(connection, id(0)).unwrap(), None);
        connection
            .query_row("SELECT count(*) FROM commit_chunks", (), |row| row.get::<_, i64>(0))
            .unwrap()
            .cast_unsigned()
    }

    #[test]
    fn ids_that_grow_fill_their_rows() {
        let connection = Connection::open_in_memory().unwrap();
        let growing: Vec<u64> = (1..=1_000).map(|number| number * 2).collect();
        assert_eq!(added(&connection, &growing), 1_000_u64.div_ceil(CHUNK as u64));
    }

    #[test]
    fn ids_in_any_order_are_found_and_no_row_grows_without_bound() {
        let connection = Connection::open_in_memory().unwrap();
        // 7,919 is a prime: every number below 3,001 once, in no order.
        let scattered: Vec<u64> = (1..=3_000).map(|number| number * 7_919 % 3_001 * 2).collect();
        let rows = added(&connection, &scattered);
        let chunk = CHUNK as u64;
        assert!((3_000 / chunk..=3_000 / (chunk / 4)).contains(&rows), "{rows} rows");
        let longest = "SELECT max(length(entries)) FROM commit_chunks";
        let longest: i64 = connection.query_row(longest, (), |row| row.get(0)).unwrap();
        assert!(usize::try_from(longest).unwrap() <= 4 + CHUNK * ENTRY, "{longest} bytes");
    }

    #[test]
    fn no_flip_is_taken() {
        let bytes = encode(&[(id(1), 1), (id(2), 300)]);
        assert_eq!(decode(&bytes).unwrap(), [(id(1), 1), (id(2), 300)]);
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&damaged).is_err());
        }
        assert!(decode(&encode(&[(id(2), 1), (id(1), 300)])).is_err());
    }
}
