//! The body of an event: what has no column of its own, as bytes.
//!
//! Owns the encoding, which is part of the format. Never trusts what it reads: a body that is not
//! well formed is damage.
//!
//! ```text
//! flags 1 · seal 8 · commit id 16, digest 8, events  (the first event of its commit)
//!                    place                           (the others)
//! · correlation 16? · the cause's commit id 16 and place? · tags? · metadata?
//! · payload, or its digest once it is erased
//! ```
//! Numbers are little-endian, those without a size and the lengths before tags and metadata LEB128.
//! A correlation that is the commit itself is left out. The seal is the event's checksum, mixed for
//! the first event of a commit with what stands there of the commit.

use vitae::store::{Checksum, Digest, EventHeader, Payload, PayloadDigest};
use vitae::{CommitId, EventId};
use xxhash_rust::xxh3::xxh3_64;

const FIRST: u8 = 1;
const CORRELATION: u8 = 1 << 1;
const CAUSATION: u8 = 1 << 2;
const TAGS: u8 = 1 << 3;
const METADATA: u8 = 1 << 4;
const ERASED: u8 = 1 << 5;
const KNOWN: u8 = (1 << 6) - 1;

/// What the first event of a commit says of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Opening {
    pub(crate) commit: CommitId,
    pub(crate) digest: Digest,
    /// How many events the commit holds, 1 or more.
    pub(crate) events: u32,
}

impl Opening {
    /// Binds what is said of the commit to the checksum of its first event.
    fn mix(&self) -> u64 {
        let mut bytes = [0; 28];
        let (id, rest) = bytes.split_at_mut(16);
        id.copy_from_slice(self.commit.as_bytes());
        let (digest, events) = rest.split_at_mut(8);
        digest.copy_from_slice(&self.digest.0.to_le_bytes());
        events.copy_from_slice(&self.events.to_le_bytes());
        xxh3_64(&bytes)
    }
}

/// Which place an event has in its commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// The first, which says what is known of the commit.
    First(Opening),
    /// Another one, counted from 1.
    Later(u32),
}

impl Place {
    pub(crate) const fn index(&self) -> u32 {
        match self {
            Self::First(_) => 0,
            Self::Later(index) => *index,
        }
    }
}

/// A body that was taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body<'a> {
    pub(crate) checksum: Checksum,
    pub(crate) place: Place,
    pub(crate) correlation: Option<&'a [u8; 16]>,
    pub(crate) causation: Option<EventId>,
    pub(crate) tags: &'a [u8],
    pub(crate) metadata: &'a [u8],
    pub(crate) payload: Result<&'a [u8], PayloadDigest>,
}

/// Puts a body together in a buffer, whose former content is gone.
pub(crate) fn encode(
    body: &mut Vec<u8>,
    header: &EventHeader<'_>,
    place: Place,
    payload: &Payload,
) {
    let seal = header.checksum(payload.digest()).0 ^ mix(&place);
    let payload = payload.as_stored();
    let correlation =
        Some(header.correlation).filter(|correlation| *correlation != header.id.commit.as_bytes());
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    body.clear();
    body.push(
        flag(matches!(place, Place::First(_)), FIRST)
            | flag(correlation.is_some(), CORRELATION)
            | flag(header.causation.is_some(), CAUSATION)
            | flag(!header.tags.is_empty(), TAGS)
            | flag(!header.metadata.is_empty(), METADATA)
            | flag(payload.is_err(), ERASED),
    );
    body.extend_from_slice(&seal.to_le_bytes());
    match place {
        Place::First(opening) => {
            body.extend_from_slice(opening.commit.as_bytes());
            body.extend_from_slice(&opening.digest.0.to_le_bytes());
            push_number(body, u64::from(opening.events));
        }
        Place::Later(index) => push_number(body, u64::from(index)),
    }
    body.extend_from_slice(correlation.map_or(&[], |correlation| &correlation[..]));
    if let Some(causation) = header.causation {
        body.extend_from_slice(causation.commit.as_bytes());
        push_number(body, u64::from(causation.index));
    }
    for bytes in [header.tags, header.metadata] {
        if !bytes.is_empty() {
            push_number(body, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            body.extend_from_slice(bytes);
        }
    }
    match payload {
        Ok(bytes) => body.extend_from_slice(bytes),
        Err(digest) => body.extend_from_slice(&digest.0.to_le_bytes()),
    }
}

/// The commit that the event with a body begins, if it does.
pub(crate) fn commit_begun(bytes: &[u8]) -> Option<CommitId> {
    let flags = bytes.first()?;
    let id = bytes.get(9..)?.first_chunk::<16>()?;
    (flags & FIRST != 0).then(|| CommitId::from_bytes(*id))
}

/// Takes a body apart. `None` if it is not well formed.
pub(crate) fn decode(bytes: &[u8]) -> Option<Body<'_>> {
    let mut rest = Rest(bytes);
    let [flags] = rest.array::<1>()?;
    if flags & !KNOWN != 0 {
        return None;
    }
    let has = |flag| flags & flag != 0;
    let seal = u64::from_le_bytes(*rest.array()?);
    let place = if has(FIRST) {
        Place::First(Opening {
            commit: CommitId::from_bytes(*rest.array()?),
            digest: Digest(u64::from_le_bytes(*rest.array()?)),
            events: u32::try_from(rest.number()?).ok()?,
        })
    } else {
        Place::Later(u32::try_from(rest.number()?).ok()?)
    };
    let correlation = if has(CORRELATION) { Some(rest.array()?) } else { None };
    let causation = if has(CAUSATION) {
        let commit = CommitId::from_bytes(*rest.array()?);
        Some(EventId { commit, index: u32::try_from(rest.number()?).ok()? })
    } else {
        None
    };
    let tags = if has(TAGS) { rest.bytes()? } else { &[] };
    let metadata = if has(METADATA) { rest.bytes()? } else { &[] };
    let payload = if has(ERASED) {
        Err(PayloadDigest(u64::from_le_bytes(rest.0.try_into().ok()?)))
    } else {
        Ok(rest.0)
    };
    let checksum = Checksum(seal ^ mix(&place));
    Some(Body { checksum, place, correlation, causation, tags, metadata, payload })
}

/// The same body with the digest of its payload in the payload's place. `None` if it is not well formed.
pub(crate) fn erased(bytes: &[u8]) -> Option<Vec<u8>> {
    let Ok(payload) = decode(bytes)?.payload else {
        return Some(bytes.to_vec());
    };
    let mut erased = bytes.get(..bytes.len() - payload.len())?.to_vec();
    *erased.first_mut()? |= ERASED;
    erased.extend_from_slice(&PayloadDigest::of(payload).0.to_le_bytes());
    Some(erased)
}

/// A body as format 1 had it, as it is now: the place of a cause was 4 bytes. `None` if it is not well
/// formed.
pub(crate) fn from_format_1(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Rest(bytes);
    let [flags] = *rest.array::<1>()?;
    rest.array::<8>()?;
    if flags & FIRST != 0 {
        rest.array::<24>()?;
    }
    rest.number()?;
    if flags & CORRELATION != 0 {
        rest.array::<16>()?;
    }
    if flags & CAUSATION == 0 {
        return Some(bytes.to_vec());
    }
    rest.array::<16>()?;
    let mut body = bytes.get(..bytes.len() - rest.0.len())?.to_vec();
    push_number(&mut body, u32::from_le_bytes(*rest.array()?).into());
    body.extend_from_slice(rest.0);
    Some(body)
}

fn mix(place: &Place) -> u64 {
    match place {
        Place::First(opening) => opening.mix(),
        Place::Later(_) => 0,
    }
}

pub(crate) fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = (number & 0x7f).to_le_bytes()[0];
        number >>= 7;
        if number == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

/// Lets numbers near 0 be small, whatever their sign: doubled, and complements for those below 0.
pub(crate) const fn fold(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// Undoes [`fold`].
pub(crate) const fn unfold(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// What is left to read.
pub(crate) struct Rest<'a>(pub(crate) &'a [u8]);

impl<'a> Rest<'a> {
    pub(crate) fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(array)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array::<1>()?;
            let low = u64::from(byte & 0x7f);
            let shifted = low << shift;
            if shifted >> shift != low {
                return None;
            }
            number |= shifted;
            if byte & 0x80 == 0 {
                // One number, one form.
                return (shift == 0 || *byte != 0).then_some(number);
            }
        }
        None
    }

    /// Bytes behind their length.
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            push_number(&mut bytes, number);
            assert_eq!(Rest(&bytes).number(), Some(number));
        }
        assert_eq!(Rest(&[0x80, 0]).number(), None);
        assert_eq!(Rest(&[0xff; 11]).number(), None);
        assert_eq!(Rest(&[0x80]).number(), None);
    }
}
