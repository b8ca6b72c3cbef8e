//! The few names that random commands use: so few that they meet.

use proptest::sample::{select, subsequence};
use proptest::strategy::Strategy;
use vitae::{Name, StreamId};
use vitae_tests::{name, stream};

pub(crate) const STREAMS: [&str; 6] = ["a/1", "a/10", "a/2", "b/1", "b/A", "b/é"];
/// The last one has no stream.
pub(crate) const CATEGORIES: [&str; 3] = ["a", "b", "c"];
pub(crate) const KINDS: [&str; 3] = ["x", "y", "z"];
pub(crate) const TAGS: [&str; 4] = ["t", "t:1", "u", "v"];
pub(crate) const CHECKPOINTS: [&str; 2] = ["c", "d"];
pub(crate) const VIEWS: [&str; 2] = ["v", "w"];
/// Prefixes of each other, and the bytes after which there is no other.
pub(crate) const KEYS: [&[u8]; 6] = [b"", b"k", b"k\0", b"ka", b"\xff", b"\xff\xff"];

pub(crate) fn streams() -> impl Strategy<Value = StreamId> {
    select(&STREAMS[..]).prop_map(stream)
}

pub(crate) fn one_of(names: &'static [&'static str]) -> impl Strategy<Value = Name> {
    select(names).prop_map(name)
}

/// Up to so many different ones, in the order in which they stand.
pub(crate) fn some_of(
    names: &'static [&'static str],
    most: usize,
) -> impl Strategy<Value = Vec<Name>> {
    subsequence(names, 0..=most).prop_map(|names| names.into_iter().map(name).collect())
}

pub(crate) fn keys() -> impl Strategy<Value = Vec<u8>> {
    select(&KEYS[..]).prop_map(<[u8]>::to_vec)
}
