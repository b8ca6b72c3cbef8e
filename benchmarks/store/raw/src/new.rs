//! An event on its way.

use std::time::{SystemTime, UNIX_EPOCH};

use store_jobs::{Failure, Planned};

/// What a caller knows of an event.
pub struct New<'a> {
    pub stream: &'a str,
    /// The version that the stream must be at, 0 if it must not exist.
    pub expected: u64,
    /// At the first event of a commit.
    pub commit_id: Option<[u8; 16]>,
    pub occurred_at: i64,
    pub correlation: [u8; 16],
    pub causation: [u8; 16],
    pub payload: Vec<u8>,
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

/// Microseconds since 1970.
pub fn now() -> Result<i64, Failure> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros().try_into()?)
}
