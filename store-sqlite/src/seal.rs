//! The checksums of what is not an event: the log's identity, schemas, view rows, checkpoints, commits
//! without events, and parts of an index.
//!
//! Owns the bytes that are hashed, which are part of the format. Of a part of an index: all of it; the first
//! 4 bytes of the XXH3-64. Of all others: each part after its length, as 64-bit little-endian numbers;
//! XXH3-64.

use vitae::GlobalPosition;
use vitae::store::Checkpoint;
use xxhash_rust::xxh3::xxh3_64;

/// The seal of the log's identity, and of the time it was made.
pub(crate) fn identity(log_id: &[u8], created_at: i64) -> i64 {
    of(&[log_id, &created_at.to_le_bytes()])
}

/// The seal of a kind of event in a version, and its schema.
pub(crate) fn kind(kind: &str, version: u32, schema: &str) -> i64 {
    of(&[kind.as_bytes(), &version.to_le_bytes(), schema.as_bytes()])
}

/// The seal of a commit without events.
pub(crate) fn bare_commit(id: &[u8], recorded_at: i64, digest: i64) -> i64 {
    of(&[id, &recorded_at.to_le_bytes(), &digest.to_le_bytes()])
}

/// The seal of a view row.
pub(crate) fn row(view: &str, key: &[u8], version: i64, value: &[u8]) -> i64 {
    of(&[view.as_bytes(), key, &version.to_le_bytes(), value])
}

/// The seal of a checkpoint.
pub(crate) fn checkpoint(name: &str, checkpoint: &Checkpoint) -> i64 {
    let position = checkpoint.position.map_or(0, GlobalPosition::get).to_le_bytes();
    let checksum = checkpoint.checksum.map(|checksum| checksum.0.to_le_bytes());
    let checksum = checksum.as_ref().map_or(&[][..], |bytes| bytes);
    of(&[name.as_bytes(), &position, checksum, &checkpoint.cursor])
}

/// The seal of a part of an index.
pub(crate) fn index(bytes: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = xxh3_64(bytes).to_le_bytes();
    [a, b, c, d]
}

fn of(parts: &[&[u8]]) -> i64 {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        bytes.extend_from_slice(part);
    }
    xxh3_64(&bytes).cast_signed()
}
