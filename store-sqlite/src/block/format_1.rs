//! A row as format 1 had it: with heads of one size, and the place of a cause in 4 bytes.
//!
//! Owns the way from there to a row as it is now. Never looks into what an event says, so that its
//! checksum tells as much of it as before.
//!
//! ```text
//! recorded at 8 · number of events 2 · commit that the first event continues 16, zeros if it begins one
//! · of each event: end 2 · stream 4 · version 5 · kind 3 · lag 8
//! · of each event: its body
//! ```

use vitae::{CommitId, EventId};

use super::{BEGINS, Builder, Head};
use crate::body;

/// The row of the events from a position on, as it is now. `None` if it is not well formed.
pub(crate) fn rewritten(first: u64, row: &[u8]) -> Option<Vec<u8>> {
    let (recorded_at, rest) = row.split_first_chunk()?;
    let (events, rest) = rest.split_first_chunk()?;
    let (continues, rest) = rest.split_first_chunk()?;
    let recorded_at = i64::from_be_bytes(*recorded_at);
    let commit = CommitId::from_bytes(*continues);
    let size = usize::from(u16::from_be_bytes(*events)).checked_mul(22)?;
    let (heads, bodies) = rest.split_at_checked(size)?;
    let (heads, _) = heads.as_chunks::<22>();
    if heads.is_empty() {
        return None;
    }
    let mut builder = Builder::default();
    let mut begin = 0;
    for (at, head) in heads.iter().enumerate() {
        let [e0, e1, s0, s1, s2, s3, v0, v1, v2, v3, v4, k0, k1, k2, lag @ ..] = *head;
        let mark = u16::from_be_bytes([e0, e1]);
        let is_last = at + 1 == heads.len();
        let end = if is_last { bodies.len() } else { usize::from(mark & !BEGINS) };
        let body = body::from_format_1(bodies.get(begin..end)?)?;
        begin = end;
        let head = Head {
            stream: u32::from_be_bytes([s0, s1, s2, s3]).into(),
            version: u64::from_be_bytes([0, 0, 0, v0, v1, v2, v3, v4]),
            kind: u32::from_be_bytes([0, k0, k1, k2]).into(),
            lag: i64::from_be_bytes(lag),
        };
        // All that is asked of the place is whether it is the first.
        let index = u32::from(mark & BEGINS == 0);
        let position = first.checked_add(u64::try_from(at).ok()?)?;
        builder.push(EventId { commit, index }, position, recorded_at, head, &body)?;
    }
    let (_, _, row) = builder.columns();
    Some(row.to_vec())
}
