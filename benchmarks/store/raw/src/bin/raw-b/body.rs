//! What of an event stands in one blob.

use store_jobs::{Deposit, Failure};
use store_raw::New;
use xxhash_rust::xxh3::xxh3_64;

/// The bytes of the body of an event.
pub fn size(new: &New<'_>) -> usize {
    let commit_id = new.commit_id.map_or(0, |id| id.len());
    8 + 1 + commit_id + new.correlation.len() + new.causation.len() + new.payload.len()
}

/// Writes the body of an event behind others.
pub fn write(new: &New<'_>, into: &mut Vec<u8>) {
    let begin = into.len();
    into.extend_from_slice(&[0; 8]);
    into.push(u8::from(new.commit_id.is_some()));
    into.extend_from_slice(new.commit_id.as_ref().map_or(&[], |id| id.as_slice()));
    into.extend_from_slice(&new.correlation);
    into.extend_from_slice(&new.causation);
    into.extend_from_slice(&new.payload);
    let checksum = xxh3_64(&into[begin + 8..]);
    into[begin..begin + 8].copy_from_slice(&checksum.to_le_bytes());
}

pub struct Body<'a> {
    /// At the first event of a commit.
    pub commit_id: Option<&'a [u8; 16]>,
    pub correlation: &'a [u8],
    pub causation: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Body<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, Failure> {
        Self::parse(bytes).ok_or_else(|| "an event's body is damaged".into())
    }

    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (checksum, rest) = bytes.split_first_chunk()?;
        if xxh3_64(rest) != u64::from_le_bytes(*checksum) {
            return None;
        }
        let (begins, rest) = rest.split_first()?;
        let (commit_id, rest) = match begins {
            0 => (None, rest),
            _ => rest.split_first_chunk::<16>().map(|(id, rest)| (Some(id), rest))?,
        };
        let (correlation, rest) = rest.split_at_checked(16)?;
        let (causation, payload) = rest.split_at_checked(16)?;
        Some(Self { commit_id, correlation, causation, payload })
    }

    pub fn deposit(&self) -> Result<Deposit<'a>, Failure> {
        Ok(postcard::from_bytes(self.payload)?)
    }
}
