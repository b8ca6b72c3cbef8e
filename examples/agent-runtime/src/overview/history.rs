//! The overview at any position, without reading the whole log for it.
//!
//! Owns the overviews that are kept on the way, and how many. They are computed from the log and live
//! in memory only, so whoever drops them loses time and nothing else.

use std::ops::ControlFlow;
use std::sync::Arc;

use vitae::GlobalPosition;
use vitae::store::{EventStore, Read};

use super::{Overview, Scope, SightError};

/// The most overviews that are kept besides the newest.
const MARKS: usize = 64;

/// Between how many events one is kept, at first.
const APART: u64 = 64;

/// A log, or one session of it, with overviews that were kept on the way.
///
/// The first look reads the log once. From then on a look at any position takes one of the kept
/// overviews and reads on from it: a 32nd of the events at the most, 64 in a short log. Memory is
/// bounded: 65 overviews, each of [`MOST`](super::MOST) lives of each lifecycle, and they share the
/// lives that did not change between them.
pub struct History {
    store: Arc<dyn EventStore>,
    scope: Scope,
    /// Oldest first. The first is the one before the first event.
    marks: Vec<Overview>,
    /// Between how many events one is kept: doubled whenever there are too many.
    apart: u64,
    /// How many events came behind the last one.
    since: u64,
    newest: Overview,
}

impl History {
    /// The history of a log, of which nothing was read yet.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>, scope: Scope) -> Self {
        let (marks, newest) = (vec![Overview::default()], Overview::default());
        Self { store, scope, marks, apart: APART, since: 0, newest }
    }

    /// What is looked at, with every branch that was found so far.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Reads what has come, and gives the newest overview.
    ///
    /// # Errors
    /// [`SightError`] at the first event that cannot be read. The history stays there.
    pub fn newest(&mut self) -> Result<&Overview, SightError> {
        while self.read_on()? {}
        Ok(&self.newest)
    }

    /// Reads to the end of the log; true if it ended before, because from there on there is more to be
    /// looked at.
    fn read_on(&mut self) -> Result<bool, SightError> {
        let store = Arc::clone(&self.store);
        let Some(next) = next(self.newest.position) else {
            return Ok(false);
        };
        let mut grown = false;
        store.visit(Read::log(self.scope.query()).from_position(next), |event| {
            grown = self.scope.grows_by(event)?;
            self.newest.take(event)?;
            self.since = self.since.saturating_add(1);
            if self.since >= self.apart {
                self.keep();
            }
            let further = if grown { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            Ok::<_, SightError>(further)
        })?;
        Ok(grown)
    }

    /// The overview after the last event at or before a position. A position beyond the end is now.
    ///
    /// # Errors
    /// As [`newest`](Self::newest), for an event up to the position. What stands before it can be looked
    /// at.
    pub fn at(&mut self, position: GlobalPosition) -> Result<Overview, SightError> {
        if self.newest.position < Some(position) {
            self.newest()?;
        }
        if self.newest.position <= Some(position) {
            return Ok(self.newest.clone());
        }
        let behind = self.marks.partition_point(|mark| mark.position <= Some(position));
        let mark = behind.checked_sub(1).and_then(|mark| self.marks.get(mark));
        let mut overview = mark.cloned().unwrap_or_default();
        let Some(next) = next(overview.position) else {
            return Ok(overview);
        };
        // A branch has no events before it is forked, so it does not matter which of them are known.
        self.store.visit(Read::log(self.scope.query()).from_position(next), |event| {
            if event.position() > position {
                return Ok(ControlFlow::Break(()));
            }
            overview.take(event).map(ControlFlow::Continue)
        })?;
        Ok(overview)
    }

    /// Keeps the newest overview; of too many, every second one is left.
    fn keep(&mut self) {
        self.since = 0;
        self.marks.push(self.newest.clone());
        if self.marks.len() > MARKS {
            let mut keep = false;
            self.marks.retain(|_| {
                keep = !keep;
                keep
            });
            self.apart = self.apart.saturating_mul(2);
        }
    }
}

/// The position behind one.
fn next(position: Option<GlobalPosition>) -> Option<GlobalPosition> {
    position.map_or(Some(GlobalPosition::FIRST), GlobalPosition::next)
}
