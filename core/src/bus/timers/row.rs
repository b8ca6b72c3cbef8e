//! A pending timer as a row of the view, and back.
//!
//! The key begins with the time that the timer is due, so that the order of the rows is that of time,
//! and goes on with the event that set it, so that no two rows are one. Nothing in it is longer than a
//! key may be, however long the name of the life is.
//!
//! ```text
//! a state's:   due · event that set it ·      kind            since · correlation · category 0 id
//! a policy's:  due · event that set it · 0 · nth · policy     the same · 0 kind 0 · version · payload
//! ```
//!
//! No name holds a zero. Numbers have the larger bytes first, and `since` is 0 for a life that had not
//! begun.

use std::time::Duration;

use super::planned::Planned;
use super::{PendingTimer, VIEW};
use crate::id::{CommitId, EventId};
use crate::lifecycle::Context;
use crate::name::{InvalidName, Name, StreamId};
use crate::number::{KindVersion, RowVersion, StreamVersion};
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
            since: Some(event.version),
            correlation: event.correlation,
            planned: None,
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
        let (due, index) = (sortable(self.due), index.to_be_bytes());
        let set_by = [&due, commit.as_bytes().as_slice(), &index].concat();
        match &self.planned {
            None => [set_by.as_slice(), self.kind.as_str().as_bytes()].concat(),
            Some(Planned { policy, nth, .. }) => {
                [set_by.as_slice(), &[0], &nth.to_be_bytes(), policy.as_str().as_bytes()].concat()
            }
        }
    }

    fn value(&self) -> Vec<u8> {
        let since = self.since.map_or(0, StreamVersion::get).to_be_bytes();
        let (category, id) = (self.stream.category().as_str(), self.stream.id().as_str());
        let correlation = self.correlation;
        let mut value =
            [&since, correlation.as_bytes().as_slice(), category.as_bytes(), &[0], id.as_bytes()]
                .concat();
        if let Some(Planned { version, payload, .. }) = &self.planned {
            for part in [&[0], self.kind.as_str().as_bytes(), &[0]] {
                value.extend(part);
            }
            value.extend(version.get().to_be_bytes());
            value.extend(payload);
        }
        value
    }

    /// `None` for a row that is written otherwise: it is left to whoever can read it.
    pub(super) fn of_row(row: &ViewRow) -> Option<Self> {
        let (due, key) = row.key.split_first_chunk()?;
        let (commit, key) = key.split_first_chunk()?;
        let (index, key) = key.split_first_chunk()?;
        let (since, value) = row.value.split_first_chunk()?;
        let (correlation, value) = value.split_first_chunk()?;
        let since = StreamVersion::new(u64::from_be_bytes(*since));
        let mut parts = value.splitn(4, |byte| *byte == 0);
        let stream = StreamId::new(text(parts.next()?)?, text(parts.next()?)?).ok()?;
        let (kind, planned) = match key.strip_prefix(&[0]) {
            // The event that entered the state.
            None => since.and(Some((key, None)))?,
            Some(key) => {
                let (nth, policy) = key.split_first_chunk()?;
                let kind = parts.next()?;
                let (version, payload) = parts.next()?.split_first_chunk()?;
                let planned = Planned {
                    policy: Name::new(text(policy)?).ok()?,
                    nth: u32::from_be_bytes(*nth),
                    version: KindVersion::new(u32::from_be_bytes(*version))?,
                    payload: payload.to_vec(),
                };
                (kind, Some(planned))
            }
        };
        Some(Self {
            stream,
            kind: Name::new(text(kind)?).ok()?,
            due: Timestamp::from_micros(i64::from_be_bytes(*due) ^ i64::MIN),
            set_by: EventId {
                commit: CommitId::from_bytes(*commit),
                index: u32::from_be_bytes(*index),
            },
            since,
            correlation: CommitId::from_bytes(*correlation),
            planned,
        })
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok()
}

/// A time as bytes in whose order times before 1970 come first.
fn sortable(time: Timestamp) -> [u8; 8] {
    (time.as_micros() ^ i64::MIN).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn pending(due: i64) -> PendingTimer {
        PendingTimer {
            stream: StreamId::new("run", "a/b").unwrap(),
            kind: Name::new("run.timed_out").unwrap(),
            due: Timestamp::from_micros(due),
            set_by: EventId { commit: CommitId::from_bytes([7; 16]), index: 3 },
            since: StreamVersion::new(9),
            correlation: CommitId::from_bytes([8; 16]),
            planned: None,
        }
    }

    fn planned(nth: u32) -> PendingTimer {
        let (policy, version) = (Name::new("patience").unwrap(), KindVersion::FIRST);
        let payload = vec![0, 255, 0];
        let planned = Some(Planned { policy, nth, version, payload });
        PendingTimer { since: None, planned, ..pending(5) }
    }

    fn row_of(timer: &PendingTimer) -> ViewRow {
        let change = timer.change(None).unwrap();
        let version = RowVersion::new(1).unwrap();
        ViewRow { key: change.key, version, value: change.value.unwrap() }
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        for timer in [pending(-5), planned(0), planned(1)] {
            let mut row = row_of(&timer);
            assert_eq!(PendingTimer::of_row(&row), Some(timer));
            row.value.truncate(20);
            assert_eq!(PendingTimer::of_row(&row), None);
        }
    }

    #[test]
    fn no_two_timers_of_an_event_have_one_row() {
        let after = PendingTimer { due: Timestamp::from_micros(5), ..pending(5) };
        let keys = HashSet::from([after.key(), planned(0).key(), planned(1).key()]);
        assert_eq!(keys.len(), 3);
    }

    #[test]
    fn the_longest_names_make_no_key_too_long() {
        let name = || Name::new("x".repeat(crate::name::MAX_NAME_BYTES)).unwrap();
        let mut timer = planned(u32::MAX);
        timer.kind = name();
        timer.planned.as_mut().unwrap().policy = name();
        timer.stream = StreamId::from_names(name(), name());
        assert!(timer.key().len() <= crate::store::Limits::default().max_key_bytes);
        assert_eq!(PendingTimer::of_row(&row_of(&timer)), Some(timer));
    }

    #[test]
    fn the_order_of_keys_is_that_of_time() {
        let times = [i64::MIN, -1, 0, 1, 255, 256, i64::MAX];
        let keys: Vec<_> = times.iter().map(|due| pending(*due).key()).collect();
        assert!(keys.is_sorted());
    }
}
