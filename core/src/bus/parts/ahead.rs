//! The events that come next, read while the commit of those before is under way.
//!
//! Owns when they are read, and for how long they hold. Never says that there are none.

use std::time::{Duration, Instant};

use crate::number::GlobalPosition;
use crate::store::{AppendError, Commit, EventStore, Page, Read};

/// What was read is read again after so long: payloads may have been erased meanwhile.
const HOLDS: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Ahead {
    page: Page,
    /// From where the page was read, and when.
    read: Option<(GlobalPosition, Instant)>,
}

impl Ahead {
    /// Commits, and reads meanwhile what comes next, if something does, from a position: a disk takes about
    /// as long over the one as a processor over the other.
    pub(super) fn commit(
        &mut self,
        store: &dyn EventStore,
        commit: Commit,
        next: Option<(GlobalPosition, Read)>,
    ) -> Result<(), AppendError> {
        let Some((from, read)) = next else { return store.commit(commit).map(drop) };
        let ticket = store.append(commit);
        // What goes wrong goes wrong again when the events are asked for, and is said then.
        let found = store.read(&read, &mut self.page);
        self.read = found.is_ok().then(|| (from, Instant::now()));
        ticket.wait().map(drop)
    }

    /// Puts the events that were read from a position into a page. False if they are not here.
    pub(super) fn turn_to(&mut self, page: &mut Page, from: GlobalPosition) -> bool {
        let holds = |(read_from, at): (_, Instant)| read_from == from && at.elapsed() < HOLDS;
        let here = self.read.take().is_some_and(holds) && !self.page.is_empty();
        if here {
            std::mem::swap(page, &mut self.page);
        }
        here
    }
}
