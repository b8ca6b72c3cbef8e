//! One event as it stands in the file.
//!
//! Owns the way from columns to a header, with every type and range checked. Never trusts a file:
//! what does not fit is damage at a position.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use vitae::store::{Checksum, Damage, EventHeader, Page, PayloadDigest, Query};
use vitae::{CommitId, EventId, GlobalPosition, StreamId};

use crate::error::Fault;

/// The columns of `event_columns.sql`, in their order.
mod column {
    pub(super) const POSITION: usize = 0;
    pub(super) const VERSION: usize = 1;
    pub(super) const OCCURRED_AT: usize = 2;
    pub(super) const CORRELATION: usize = 3;
    pub(super) const CAUSATION: usize = 4;
    pub(super) const CHECKSUM: usize = 5;
    pub(super) const PAYLOAD_DIGEST: usize = 6;
    pub(super) const TAGS: usize = 7;
    pub(super) const METADATA: usize = 8;
    pub(super) const PAYLOAD: usize = 9;
    pub(super) const STREAM: usize = 10;
    pub(super) const KIND: usize = 11;
    pub(super) const KIND_VERSION: usize = 12;
    pub(super) const COMMIT_ID: usize = 13;
    pub(super) const FIRST_POSITION: usize = 14;
    pub(super) const HEAD: usize = 15;
    pub(super) const RECORDED_AT: usize = 16;
    pub(super) const CATEGORY: usize = 17;
    pub(super) const STREAM_ID: usize = 18;
}

/// An event that borrows from the row that a statement stands on.
pub(crate) struct StoredEvent<'r> {
    header: EventHeader<'r>,
    correlation: [u8; 16],
    payload: Result<&'r [u8], PayloadDigest>,
    checksum: Checksum,
    /// The number of its stream in this file.
    pub(crate) stream: i64,
}

impl<'r> StoredEvent<'r> {
    /// Reads the row of an event of a stream, or, without one, of the log.
    pub(crate) fn of(row: &'r Row<'_>, stream: Option<&'r StreamId>) -> Result<Self, Fault> {
        let position = row.get_ref(column::POSITION)?;
        let position = match position {
            ValueRef::Integer(position) => u64::try_from(position).ok(),
            _ => None,
        };
        let Some(position) = position.and_then(GlobalPosition::new) else {
            return Err(Damage::elsewhere("an event has no position").into());
        };
        Self::at(position, row, stream).map_err(|damage| {
            Fault::Damaged(Damage { position: damage.position.or(Some(position)), ..damage })
        })
    }

    fn at(
        position: GlobalPosition,
        row: &'r Row<'_>,
        stream: Option<&'r StreamId>,
    ) -> Result<Self, Damage> {
        let (category, id) = match stream {
            Some(stream) => (stream.category().as_str(), stream.id().as_str()),
            None => {
                (text(row, column::CATEGORY, "category")?, text(row, column::STREAM_ID, "stream")?)
            }
        };
        let commit = commit_id(row)?;
        Ok(Self {
            header: EventHeader {
                position: position.get(),
                category,
                stream: id,
                version: unsigned(row, column::VERSION, "version")?,
                kind: text(row, column::KIND, "kind")?,
                kind_version: u32::try_from(unsigned(row, column::KIND_VERSION, "kind version")?)
                    .map_err(|_| bad("kind version"))?,
                id: EventId { commit, index: place(position, row)? },
                occurred_at: integer(row, column::OCCURRED_AT, "time")?,
                recorded_at: integer(row, column::RECORDED_AT, "time of recording")?,
                correlation: &[0; 16],
                causation: causation(row)?,
                tags: blob(row, column::TAGS, "tags")?.unwrap_or_default(),
                metadata: blob(row, column::METADATA, "metadata")?.unwrap_or_default(),
            },
            correlation: correlation(row, commit)?,
            payload: payload(row)?,
            checksum: Checksum(integer(row, column::CHECKSUM, "checksum")?.cast_unsigned()),
            stream: integer(row, column::STREAM, "stream")?,
        })
    }

    fn header(&self) -> EventHeader<'_> {
        EventHeader { correlation: &self.correlation, ..self.header }
    }

    pub(crate) const fn position(&self) -> u64 {
        self.header.position
    }

    pub(crate) const fn version(&self) -> u64 {
        self.header.version
    }

    pub(crate) fn matches(&self, query: &Query) -> bool {
        self.header.matches(query)
    }

    pub(crate) fn payload_digest(&self) -> PayloadDigest {
        self.payload.map_or_else(|digest| digest, PayloadDigest::of)
    }

    /// Checks an event that no page will hold against its checksum: it was read to be filtered or
    /// to be erased.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if self.header().checksum(self.payload_digest()) == self.checksum {
            return Ok(());
        }
        Err(self.damaged("the event does not fit its checksum"))
    }

    /// What is wrong with the event, and where it stands.
    pub(crate) fn damaged(&self, reason: &str) -> Fault {
        let position = GlobalPosition::new(self.position());
        Fault::Damaged(Damage { position, reason: reason.to_owned() })
    }

    /// Adds the event to a page, which checks it.
    pub(crate) fn push_to(&self, page: &mut Page) -> Result<(), Fault> {
        page.push(&self.header(), self.payload, self.checksum)?;
        Ok(())
    }
}

fn commit_id(row: &Row<'_>) -> Result<CommitId, Damage> {
    blob(row, column::COMMIT_ID, "commit")?
        .and_then(|bytes| bytes.try_into().ok())
        .map(CommitId::from_bytes)
        .ok_or_else(|| bad("commit"))
}

/// The place of an event in its commit, whose range must hold it.
fn place(position: GlobalPosition, row: &Row<'_>) -> Result<u32, Damage> {
    let first = unsigned(row, column::FIRST_POSITION, "place in its commit")?;
    let last = unsigned(row, column::HEAD, "place in its commit")?;
    position
        .get()
        .checked_sub(first)
        .filter(|_| position.get() <= last)
        .and_then(|index| u32::try_from(index).ok())
        .ok_or_else(|| bad("place in its commit"))
}

fn correlation(row: &Row<'_>, commit: CommitId) -> Result<[u8; 16], Damage> {
    match blob(row, column::CORRELATION, "correlation")? {
        Some(bytes) => bytes.try_into().map_err(|_| bad("correlation")),
        None => Ok(*commit.as_bytes()),
    }
}

/// The payload, or its digest once it is erased: one of them, never both.
fn payload<'r>(row: &'r Row<'_>) -> Result<Result<&'r [u8], PayloadDigest>, Damage> {
    let bytes = blob(row, column::PAYLOAD, "payload")?;
    match (bytes, value(row, column::PAYLOAD_DIGEST)?) {
        (Some(bytes), ValueRef::Null) => Ok(Ok(bytes)),
        (None, ValueRef::Integer(digest)) => Ok(Err(PayloadDigest(digest.cast_unsigned()))),
        _ => Err(bad("payload")),
    }
}

fn causation(row: &Row<'_>) -> Result<Option<EventId>, Damage> {
    let Some(bytes) = blob(row, column::CAUSATION, "causation")? else {
        return Ok(None);
    };
    let Some((commit, index)) = bytes.split_first_chunk::<16>() else {
        return Err(bad("causation"));
    };
    let index = <[u8; 4]>::try_from(index).map_err(|_| bad("causation"))?;
    Ok(Some(EventId { commit: CommitId::from_bytes(*commit), index: u32::from_be_bytes(index) }))
}

/// What [`causation`] reads.
pub(crate) fn causation_bytes(cause: EventId) -> [u8; 20] {
    let mut bytes = [0; 20];
    let (commit, index) = bytes.split_at_mut(16);
    commit.copy_from_slice(cause.commit.as_bytes());
    index.copy_from_slice(&cause.index.to_be_bytes());
    bytes
}

fn value<'r>(row: &'r Row<'_>, column: usize) -> Result<ValueRef<'r>, Damage> {
    row.get_ref(column).map_err(|_| bad("row"))
}

fn integer(row: &Row<'_>, column: usize, what: &str) -> Result<i64, Damage> {
    match value(row, column)? {
        ValueRef::Integer(number) => Ok(number),
        _ => Err(bad(what)),
    }
}

fn unsigned(row: &Row<'_>, column: usize, what: &str) -> Result<u64, Damage> {
    u64::try_from(integer(row, column, what)?).map_err(|_| bad(what))
}

fn text<'r>(row: &'r Row<'_>, column: usize, what: &str) -> Result<&'r str, Damage> {
    match value(row, column)? {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).map_err(|_| bad(what)),
        _ => Err(bad(what)),
    }
}

fn blob<'r>(row: &'r Row<'_>, column: usize, what: &str) -> Result<Option<&'r [u8]>, Damage> {
    match value(row, column)? {
        ValueRef::Null => Ok(None),
        ValueRef::Blob(bytes) => Ok(Some(bytes)),
        _ => Err(bad(what)),
    }
}

fn bad(what: &str) -> Damage {
    Damage::elsewhere(format!("the {what} of the event is not what was written"))
}
