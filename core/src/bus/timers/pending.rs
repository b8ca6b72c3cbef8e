//! The timers that were set and are not due, or were not looked at since.
//!
//! Owns the reading of the view in pages. Never holds more than one.

use std::collections::VecDeque;
use std::fmt;

use super::VIEW;
use super::planned::Planned;
use crate::bus::Bus;
use crate::id::{CorrelationId, EventId};
use crate::name::{Name, StreamId};
use crate::number::{RowVersion, StreamVersion};
use crate::store::{EventStore, ReadError};
use crate::time::Timestamp;

/// How many rows are read at a time.
const PAGE: usize = 256;

/// A timer that was set: see [`Bus::timers`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PendingTimer {
    /// The life.
    pub stream: StreamId,
    /// The stored name of the event that it makes happen.
    pub kind: Name,
    /// When: the time at which the event that set it occurred, and the duration.
    pub due: Timestamp,
    /// The event that entered the state, and so set the timer; or the one that a policy reacted to.
    pub set_by: EventId,
    /// The version of the life from which on it waits: that of the event that entered the state, or the
    /// one that a policy found it at. `None` if it had not begun by then.
    pub since: Option<StreamVersion>,
    /// What the event that set it belongs to.
    pub correlation: CorrelationId,
    /// What a policy has planned; `None` if the timer is that of a state.
    pub(super) planned: Option<Planned>,
}

impl PendingTimer {
    /// The policy that set it, by [`Reaction::record_after`](crate::Reaction::record_after); `None` if it
    /// is that of a state.
    #[must_use]
    pub fn policy(&self) -> Option<&Name> {
        self.planned.as_ref().map(|planned| &planned.policy)
    }
}

/// The timers of a log in the order of the times that they are due: see [`Bus::timers`]. Read in
/// pages; one that is set meanwhile is among them if it is due after those that were given already. Ends
/// after the first error.
pub struct PendingTimers<'a> {
    store: &'a dyn EventStore,
    page: VecDeque<(PendingTimer, RowVersion)>,
    after: Option<Vec<u8>>,
    done: bool,
}

impl fmt::Debug for PendingTimers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingTimers").field("done", &self.done).finish_non_exhaustive()
    }
}

impl Bus {
    /// The timers of all lifecycles on this log, in the order of the times that they are due.
    ///
    /// Whether the life has left its state meanwhile is found out when a timer is due: a commit that
    /// leaves a state neither reads nor writes for it. So timers that have ended are among these until
    /// their time has come.
    #[must_use]
    pub fn timers(&self) -> PendingTimers<'_> {
        PendingTimers::of(self.inner.store.as_ref())
    }
}

impl<'a> PendingTimers<'a> {
    pub(super) const fn of(store: &'a dyn EventStore) -> Self {
        Self { store, page: VecDeque::new(), after: None, done: false }
    }

    /// The next one, with the version of its row.
    pub(super) fn next_row(&mut self) -> Result<Option<(PendingTimer, RowVersion)>, ReadError> {
        while self.page.is_empty() && !self.done {
            // Unless all goes well, there is nothing behind.
            self.done = true;
            let rows = self.store.rows(&VIEW, &[], self.after.as_deref(), PAGE)?;
            self.done = rows.len() < PAGE;
            self.after = rows.last().map(|row| row.key.clone());
            let timers = rows.iter().map(|row| Some((PendingTimer::of_row(row)?, row.version)));
            self.page = timers.flatten().collect();
        }
        Ok(self.page.pop_front())
    }
}

impl Iterator for PendingTimers<'_> {
    type Item = Result<PendingTimer, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_row().transpose().map(|next| next.map(|(timer, _)| timer))
    }
}

impl std::iter::FusedIterator for PendingTimers<'_> {}
