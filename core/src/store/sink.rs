//! Bytes on their way into a hash.
//!
//! Owns how they get there: without an allocation, and the same hash however they come. Never knows
//! what they mean.

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

/// More bytes than are hashed of nearly every event, or of a commit of one.
const PIECE: usize = 512;

/// XXH3-64 of everything that is put in, one after the other.
pub(super) struct Sink {
    /// What came last. Most of it are numbers, which the streaming hasher would take one by one.
    piece: [u8; PIECE],
    filled: usize,
    /// What came before the piece, if it was not all.
    before: Option<Xxh3Default>,
}

impl Sink {
    #[inline]
    pub(super) const fn new() -> Self {
        Self { piece: [0; PIECE], filled: 0, before: None }
    }

    #[inline]
    pub(super) fn put(&mut self, bytes: &[u8]) {
        let end = self.filled + bytes.len();
        match self.piece.get_mut(self.filled..end) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.filled = end;
            }
            None => self.pass_on(bytes),
        }
    }

    /// Takes what the piece has no room for.
    #[inline(never)]
    fn pass_on(&mut self, bytes: &[u8]) {
        let before = self.before.get_or_insert_with(Xxh3Default::new);
        before.update(self.piece.get(..self.filled).unwrap_or_default());
        before.update(bytes);
        self.filled = 0;
    }

    #[inline]
    pub(super) fn hash(self) -> u64 {
        let piece = self.piece.get(..self.filled).unwrap_or_default();
        match self.before {
            None => xxh3_64(piece),
            Some(mut before) => {
                before.update(piece);
                before.digest()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_does_not_depend_on_how_the_bytes_come() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(5 * PIECE + 3).collect();
        for length in [0, 1, 240, 241, PIECE, PIECE + 1, bytes.len()] {
            for part in [1, 8, 63, PIECE - 1, PIECE, PIECE + 1] {
                let mut sink = Sink::new();
                bytes[..length].chunks(part).for_each(|part| sink.put(part));
                assert_eq!(sink.hash(), xxh3_64(&bytes[..length]), "{length} by {part}");
            }
        }
    }
}
