//! Which partition an entity belongs to.
//!
//! Owns the function from a stream to a number: part of the format, the same on every backend and in
//! every program. Never changes: a group would read some events twice and others never.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// The most partitions that a group can have.
pub(super) const MAX_PARTITIONS: u16 = 1_024;

/// The partition of a stream: XXH3-64 of its id, with XXH3-64 of its category as the seed, modulo the
/// number of partitions.
pub(super) fn partition_of(category: &str, stream: &str, partitions: u16) -> u16 {
    let hash = xxh3_64_with_seed(stream.as_bytes(), xxh3_64(category.as_bytes()));
    // What is less than a `u16` is one.
    hash.checked_rem(u64::from(partitions)).and_then(|rest| u16::try_from(rest).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_stays_in_its_partition() {
        // As the reference implementation says: https://xxhash.com.
        let of = |category, stream| partition_of(category, stream, MAX_PARTITIONS);
        assert_eq!([of("order", "7"), of("order", "8"), of("note", "7")], [845, 180, 325]);
        assert_eq!(of("order", &"long".repeat(99)), 390);
    }

    #[test]
    fn entities_spread_over_all_partitions() {
        let mut counts = [0; 16];
        for id in 0..1_600 {
            counts[usize::from(partition_of("order", &id.to_string(), 16))] += 1;
        }
        assert!(counts.iter().all(|count| (60..140).contains(count)), "{counts:?}");
    }
}
