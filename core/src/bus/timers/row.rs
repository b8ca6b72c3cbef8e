//! A pending timer as a row of the view, and back.
//!
//! The key begins with the time that the timer is due, so that the order of the rows is that of time,
//! and goes on with the event that set it, so that no two rows are one. Nothing in it is longer than a
//! key may be, however long the name of the life is.

use std::time::Duration;

use super::{PendingTimer, VIEW};
use crate::id::{CommitId, EventId};
use crate::lifecycle::Context;
use crate::name::{InvalidName, Name, StreamId};
use crate::number::{RowVersion, StreamVersion};
use crate::store::{RowChange, ViewRow};
use crate::time::Timestamp;

impl PendingTimer {
    /// The timer that an event sets.
    pub(in crate::bus) fn set_by(
        event: &Context,
        kind: &'static str,
        after: Duration,
    ) -> Result<Self, InvalidName> {
        Ok(Self {
            stream: event.stream.clone(),
            kind: Name::from_static(kind)?,
            due: event.occurred_at.saturating_add(after),
            set_by: event.event_id,
            entered: event.version,
            correlation: event.correlation,
        })
    }

    /// Puts the row where there is none, or deletes the one of a version.
    pub(in crate::bus) fn change(
        &self,
        delete: Option<RowVersion>,
    ) -> Result<RowChange, InvalidName> {
        let value = delete.is_none().then(|| self.value());
        Ok(RowChange { view: VIEW, key: self.key(), expected: delete, value })
    }

    pub(super) fn key(&self) -> Vec<u8> {
        let EventId { commit, index } = &self.set_by;
        let due = sortable(self.due);
        [&due, commit.as_bytes().as_slice(), &index.to_be_bytes(), self.kind.as_str().as_bytes()]
            .concat()
    }

    fn value(&self) -> Vec<u8> {
        let (version, correlation) = (self.entered.get().to_be_bytes(), self.correlation);
        let (category, id) = (self.stream.category().as_str(), self.stream.id().as_str());
        [&version, correlation.as_bytes().as_slice(), category.as_bytes(), &[0], id.as_bytes()]
            .concat()
    }

    /// `None` for a row that is written otherwise: it is left to whoever can read it.
    pub(super) fn of_row(row: &ViewRow) -> Option<Self> {
        let (due, key) = row.key.split_first_chunk()?;
        let (commit, key) = key.split_first_chunk()?;
        let (index, kind) = key.split_first_chunk()?;
        let (version, value) = row.value.split_first_chunk()?;
        let (correlation, stream) = value.split_first_chunk()?;
        // No name holds a NUL.
        let (category, id) = str::from_utf8(stream).ok()?.split_once('\0')?;
        Some(Self {
            stream: StreamId::new(category, id).ok()?,
            kind: Name::new(str::from_utf8(kind).ok()?).ok()?,
            due: Timestamp::from_micros(i64::from_be_bytes(*due) ^ i64::MIN),
            set_by: EventId {
                commit: CommitId::from_bytes(*commit),
                index: u32::from_be_bytes(*index),
            },
            entered: StreamVersion::new(u64::from_be_bytes(*version))?,
            correlation: CommitId::from_bytes(*correlation),
        })
    }
}

/// A time as bytes in whose order times before 1970 come first.
fn sortable(time: Timestamp) -> [u8; 8] {
    (time.as_micros() ^ i64::MIN).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(due: i64) -> PendingTimer {
        PendingTimer {
            stream: StreamId::new("run", "a/b").unwrap(),
            kind: Name::new("run.timed_out").unwrap(),
            due: Timestamp::from_micros(due),
            set_by: EventId { commit: CommitId::from_bytes([7; 16]), index: 3 },
            entered: StreamVersion::new(9).unwrap(),
            correlation: CommitId::from_bytes([8; 16]),
        }
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let timer = pending(-5);
        let change = timer.change(None).unwrap();
        let version = RowVersion::new(1).unwrap();
        let mut row = ViewRow { key: change.key, version, value: change.value.unwrap() };
        assert_eq!(PendingTimer::of_row(&row), Some(timer));
        row.value.truncate(20);
        assert_eq!(PendingTimer::of_row(&row), None);
    }

    #[test]
    fn the_order_of_keys_is_that_of_time() {
        let times = [i64::MIN, -1, 0, 1, 255, 256, i64::MAX];
        let keys: Vec<_> = times.iter().map(|due| pending(*due).key()).collect();
        assert!(keys.is_sorted());
    }
}
