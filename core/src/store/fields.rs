//! The encoding of tags and metadata: part of the format, the same on every backend.
//!
//! Both are sequences of texts, each after its length as two little-endian bytes. Metadata is keys
//! and values in turn, ordered by key. Nothing is the empty byte string.

use std::collections::BTreeMap;

use crate::name::{InvalidName, Name};

/// The most tags of one event.
pub const MAX_TAGS: usize = 64;

/// The most bytes of one event's metadata, encoded: each text plus two.
pub const MAX_METADATA_BYTES: usize = 8 * 1024;

/// The tags of an event: names in the order given, each once.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct NameList {
    bytes: Vec<u8>,
    length: usize,
}

impl NameList {
    /// Adds a name unless it is there already.
    pub fn insert(&mut self, name: &Name) {
        if !self.iter().any(|present| present == name.as_str()) {
            push(&mut self.bytes, name.as_str());
            self.length += 1;
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The names.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        Texts(&self.bytes)
    }

    /// The encoded form.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl TryFrom<Vec<String>> for NameList {
    type Error = InvalidName;

    fn try_from(names: Vec<String>) -> Result<Self, InvalidName> {
        let mut list = Self::default();
        for name in names {
            list.insert(&Name::new(name)?);
        }
        Ok(list)
    }
}

/// What else is known of an event: texts by key, at most [`MAX_METADATA_BYTES`] encoded.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Metadata {
    bytes: Vec<u8>,
}

impl Metadata {
    /// Encodes a map.
    ///
    /// # Errors
    /// [`InvalidMetadata`] if it is too large.
    pub fn new(map: &BTreeMap<String, String>) -> Result<Self, InvalidMetadata> {
        let size = map.iter().map(|(key, value)| key.len() + value.len() + 4).sum();
        if size > MAX_METADATA_BYTES {
            return Err(InvalidMetadata { size });
        }
        let mut bytes = Vec::with_capacity(size);
        for (key, value) in map {
            push(&mut bytes, key);
            push(&mut bytes, value);
        }
        Ok(Self { bytes })
    }

    /// The encoded form.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Metadata over its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("metadata has {size} bytes; the most is {MAX_METADATA_BYTES}")]
pub struct InvalidMetadata {
    /// The encoded size in bytes.
    pub size: usize,
}

fn push(bytes: &mut Vec<u8>, text: &str) {
    // Names and metadata are bounded far below 64 KiB before they come here.
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes().get(..usize::from(length)).unwrap_or_default());
}

/// The texts of an encoded sequence. Ends at the first that is not well formed; a reader that
/// checked the checksum sees none.
#[derive(Clone)]
pub(super) struct Texts<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Texts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let (length, rest) = self.0.split_first_chunk::<2>()?;
        let (text, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_a_set_in_the_order_given() {
        let list = NameList::try_from(vec!["b".into(), "a".into(), "b".into()]).unwrap();
        assert_eq!(list.iter().collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn metadata_is_bounded_inclusively() {
        let of = |bytes| Metadata::new(&BTreeMap::from([("k".to_owned(), "v".repeat(bytes))]));
        assert!(of(MAX_METADATA_BYTES - 5).is_ok());
        assert_eq!(
            of(MAX_METADATA_BYTES - 4),
            Err(InvalidMetadata { size: MAX_METADATA_BYTES + 1 })
        );
    }

    #[test]
    fn damaged_sequences_end_early() {
        assert_eq!(Texts(&[5, 0, b'a']).count(), 0);
        assert_eq!(Texts(&[1, 0, 0xff]).count(), 0);
        assert_eq!(Texts(&[1]).count(), 0);
    }
}
