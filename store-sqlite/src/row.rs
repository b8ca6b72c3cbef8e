//! One event as it stands in the file.
//!
//! Owns the way from columns to a header, with every type and range checked. Never trusts a file:
//! what does not fit is damage at a position.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use vitae::store::{Damage, EventHeader, Page, PayloadDigest, Query};
use vitae::{EventId, GlobalPosition};

use crate::body::{self, Body};
use crate::error::Fault;
use crate::names::EventNames;
use crate::sql;

/// The row of an event, borrowed from the statement that stands on it: `event_columns.sql`.
pub(crate) struct StoredRow<'r> {
    pub(crate) position: u64,
    pub(crate) stream: i64,
    pub(crate) version: u64,
    pub(crate) kind: i64,
    occurred_at: i64,
    pub(crate) recorded_at: i64,
    pub(crate) body: Body<'r>,
    /// The body as it stands in the file.
    pub(crate) bytes: &'r [u8],
}

impl<'r> StoredRow<'r> {
    pub(crate) fn of(row: &'r Row<'_>) -> Result<Self, Fault> {
        let position = match row.get_ref(0)? {
            ValueRef::Integer(position) => u64::try_from(position).ok(),
            _ => None,
        };
        let Some(position) = position.and_then(GlobalPosition::new) else {
            return Err(Damage::elsewhere("an event has no position").into());
        };
        Self::at(position.get(), row).map_err(|reason| Damage::at(position, reason).into())
    }

    fn at(position: u64, row: &'r Row<'_>) -> Result<Self, &'static str> {
        let integer = |column, what| match row.get_ref(column) {
            Ok(ValueRef::Integer(number)) => Ok(number),
            _ => Err(what),
        };
        let Ok(ValueRef::Blob(bytes)) = row.get_ref(6) else {
            return Err("its body is no bytes");
        };
        let recorded_at = integer(4, "its time is no number")?;
        Ok(Self {
            position,
            stream: integer(1, "its stream is no number")?,
            version: u64::try_from(integer(2, "its version is no number")?)
                .map_err(|_| "its version is negative")?,
            kind: integer(3, "its kind is no number")?,
            occurred_at: recorded_at.wrapping_sub(integer(5, "its lag is no number")?),
            recorded_at,
            body: body::decode(bytes).ok_or("its body is not well formed")?,
            bytes,
        })
    }

    fn header<'e>(&'e self, names: &EventNames<'e>, own: &'e [u8; 16]) -> EventHeader<'e> {
        EventHeader {
            position: self.position,
            category: names.category,
            stream: names.stream,
            version: self.version,
            kind: names.kind,
            kind_version: names.kind_version,
            id: EventId { commit: names.commit, index: self.body.place.index() },
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            correlation: self.body.correlation.unwrap_or(own),
            causation: self.body.causation,
            tags: self.body.tags,
            metadata: self.body.metadata,
        }
    }

    pub(crate) fn matches(&self, names: &EventNames<'_>, query: &Query) -> bool {
        self.header(names, names.commit.as_bytes()).matches(query)
    }

    /// Checks an event that no page will hold against its checksum: it was read to be filtered.
    pub(crate) fn check(&self, names: &EventNames<'_>) -> Result<(), Fault> {
        let digest = self.body.payload.map_or_else(|digest| digest, PayloadDigest::of);
        if self.header(names, names.commit.as_bytes()).checksum(digest) == self.body.checksum {
            return Ok(());
        }
        Err(self.damaged("the event does not fit its checksum"))
    }

    /// Adds the event to a page, which checks it.
    pub(crate) fn push_to(&self, names: &EventNames<'_>, page: &mut Page) -> Result<(), Fault> {
        let header = self.header(names, names.commit.as_bytes());
        page.push(&header, self.body.payload, self.body.checksum)?;
        Ok(())
    }

    /// What is wrong with the event, and where it stands.
    pub(crate) fn damaged(&self, reason: &str) -> Fault {
        let position = GlobalPosition::new(self.position);
        Fault::Damaged(Damage { position, reason: reason.to_owned() })
    }
}

/// Shows the rows of some positions, from one to another (both inclusive), without a gap.
pub(crate) fn walk(
    connection: &Connection,
    from: u64,
    to: u64,
    mut visit: impl FnMut(&StoredRow<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(sql::LOG_FORWARDS)?;
    let mut rows = statement.query((from.cast_signed(),))?;
    let mut next = from;
    while next <= to {
        let Some(row) = rows.next()? else { return Err(missing(next)) };
        let row = StoredRow::of(row)?;
        if row.position != next {
            return Err(missing(next));
        }
        visit(&row)?;
        next = next.saturating_add(1);
    }
    Ok(())
}

/// The damage of an event that is not there.
pub(crate) fn missing(position: u64) -> Fault {
    let position = GlobalPosition::new(position);
    Fault::Damaged(Damage { position, reason: "the event is missing".to_owned() })
}
