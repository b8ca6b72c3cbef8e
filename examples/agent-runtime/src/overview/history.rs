//! The overview at any position, without reading the whole log for it.
//!
//! Owns the overviews that are kept on the way, and how many. They are computed from the log and live
//! in memory only, so whoever drops them loses time and nothing else.

use std::ops::ControlFlow;
use std::sync::Arc;

use vitae::GlobalPosition;
use vitae::store::{EventStore, Query, Read};

use super::{Overview, SightError};

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
    query: Query,
    /// Oldest first. The first is the one before the first event.
    marks: Vec<Overview>,
    /// Between how many events one is kept: doubled whenever there are too many.
    apart: u64,
    /// How many events came behind the last one.
    since: u64,
    newest: Overview,
}

impl History {
    /// The history of a log, of which nothing was read yet. `query` is one of
    /// [`query`](super::query)'s.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>, query: Query) -> Self {
        let (marks, newest) = (vec![Overview::default()], Overview::default());
        Self { store, query, marks, apart: APART, since: 0, newest }
    }

    /// Reads what has come, and gives the newest overview.
    ///
    /// # Errors
    /// [`SightError`] at the first event that cannot be read. The history stays there.
    pub fn newest(&mut self) -> Result<&Overview, SightError> {
        let Some(next) = next(self.newest.position) else {
            return Ok(&self.newest);
        };
        let (store, query) = (Arc::clone(&self.store), self.query.clone());
        store.visit(Read::log(query).from_position(next), |event| {
            self.newest.take(event)?;
            self.since = self.since.saturating_add(1);
            if self.since >= self.apart {
                self.keep();
            }
            Ok::<_, SightError>(ControlFlow::Continue(()))
        })?;
        Ok(&self.newest)
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
        self.store.visit(Read::log(self.query.clone()).from_position(next), |event| {
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
