//! How many timers are due.
//!
//! Owns the counting of rows. Never looks at a life: one that has ended is due like the others.

use super::{PendingTimer, VIEW};
use crate::bus::Inner;
use crate::bus::parts::COUNTED;
use crate::store::ReadError;
use crate::time::Timestamp;

/// The timers that a bus is to let fire, by its clock: see [`PartStatus`](crate::PartStatus).
///
/// Of the timers on the log, the first 1,000 are looked at. Those of lives that have left their state are
/// among them until they are due and looked after.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct DueTimers {
    /// How many are due and have not fired.
    pub now: usize,
    /// When the next one is due after now; `None` if there is none among those that were looked at.
    pub next: Option<Timestamp>,
}

impl DueTimers {
    /// Those of some categories.
    pub(super) fn of(inner: &Inner, has: impl Fn(&str) -> bool) -> Result<Self, ReadError> {
        let now = inner.home.clock.now();
        let rows = inner.store.rows(&VIEW, &[], None, COUNTED)?;
        let timers = rows.iter().filter_map(PendingTimer::of_row);
        let ours = timers.filter(|timer| has(timer.stream.category().as_str()));
        let mut times = ours.map(|timer| timer.due).peekable();
        let mut due = 0;
        while times.next_if(|due| *due <= now).is_some() {
            due += 1;
        }
        Ok(Self { now: due, next: times.next() })
    }
}
