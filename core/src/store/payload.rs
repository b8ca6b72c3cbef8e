//! The payload of an event on its way into a store.
//!
//! Owns that a payload and its digest belong together. Never looks at what the bytes mean.

use super::{Erased, PayloadDigest};

/// The encoded payload of an event, or what is left of one that was erased: its digest.
///
/// The digest is computed once, here; the checksum of the event and the digest of its commit are
/// made of it. An event whose payload is erased from the start comes from an
/// [import](crate::transfer): it stands at its position, and its checksum is the one that it always
/// had.
///
/// ```
/// use vitae::store::Payload;
///
/// let payload = Payload::from(b"bytes".to_vec());
/// let erased = Payload::erased(payload.digest());
/// assert_eq!(payload.bytes(), Ok(&b"bytes"[..]));
/// assert!(erased.bytes().is_err());
/// assert_eq!(erased.digest(), payload.digest());
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payload {
    bytes: Option<Vec<u8>>,
    digest: PayloadDigest,
}

impl Payload {
    /// What is left of a payload that was erased.
    #[must_use]
    pub const fn erased(digest: PayloadDigest) -> Self {
        Self { bytes: None, digest }
    }

    /// The bytes.
    ///
    /// # Errors
    /// [`Erased`] if they were erased.
    pub fn bytes(&self) -> Result<&[u8], Erased> {
        self.bytes.as_deref().ok_or(Erased)
    }

    /// The digest of the bytes, whether they are still there or not.
    #[must_use]
    pub const fn digest(&self) -> PayloadDigest {
        self.digest
    }

    /// The bytes, or the digest of those that were erased: as a [page](super::Page::push) takes it.
    ///
    /// # Errors
    /// The digest, if the bytes were erased.
    pub fn as_stored(&self) -> Result<&[u8], PayloadDigest> {
        self.bytes.as_deref().ok_or(self.digest)
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self { digest: PayloadDigest::of(&bytes), bytes: Some(bytes) }
    }
}
