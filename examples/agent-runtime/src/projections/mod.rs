//! The read models: rows that change in the commit of the events they come from.
//!
//! Never read by a lifecycle. Dropped and computed anew, they are the same.

pub mod agents;
pub mod feed;
pub mod pending;
pub mod runs;
pub mod workflow_runs;

use vitae::Projection;

/// Every projection.
#[must_use]
pub fn all() -> Vec<Projection> {
    vec![
        workflow_runs::projection(),
        runs::projection(),
        feed::projection(),
        agents::projection(),
        pending::projection(),
    ]
}

/// A key of texts and a number, whose bytewise order is theirs.
fn key(texts: &[&str], number: u64) -> Vec<u8> {
    let mut key = prefix(texts);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// The beginning that all keys with these first texts share.
#[must_use]
pub fn prefix(texts: &[&str]) -> Vec<u8> {
    let mut key = Vec::new();
    for text in texts {
        key.extend_from_slice(text.as_bytes());
        key.push(0);
    }
    key
}
