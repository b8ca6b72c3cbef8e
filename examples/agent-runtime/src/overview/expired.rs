//! The relays of a session that a timer has ended. What a timer makes has no tag, so no query for a session
//! leads to it; the relay's own stream does.
//!
//! Owns where in the log that happened. Must never read more of it than the last event of a relay.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, ControlFlow};

use vitae::store::{EventStore, Read};
use vitae::{Event, GlobalPosition, StreamId};

use super::{Overview, SightError};
use crate::relay::{RelayAnswered, RelayCancelled, RelayExpired};

/// Which relays have expired, and which may still.
#[derive(Default)]
pub(super) struct Expired {
    open: BTreeSet<StreamId>,
    at: BTreeMap<GlobalPosition, StreamId>,
}

impl Expired {
    /// Looks whether relays that were open when they were looked at have expired since.
    pub(super) fn look(&mut self, store: &dyn EventStore) -> Result<(), SightError> {
        self.open.clone().into_iter().try_for_each(|relay| self.look_at(store, relay))
    }

    /// Looks at how a relay stands now.
    pub(super) fn look_at(
        &mut self,
        store: &dyn EventStore,
        relay: StreamId,
    ) -> Result<(), SightError> {
        store.visit(Read::stream(relay.clone()).backwards().page_of(1), |last| {
            match last.kind() {
                RelayExpired::KIND => {
                    self.at.insert(last.position(), relay.clone());
                    self.open.remove(&relay);
                }
                RelayAnswered::KIND | RelayCancelled::KIND => {
                    self.open.remove(&relay);
                }
                _ => {
                    self.open.insert(relay.clone());
                }
            }
            Ok(ControlFlow::Break(()))
        })
    }

    /// Lets an overview take what has expired behind it, up to a position, inclusive.
    pub(super) fn take(
        &self,
        store: &dyn EventStore,
        overview: &mut Overview,
        to: GlobalPosition,
    ) -> Result<(), SightError> {
        let behind = overview.position.map_or(Bound::Unbounded, Bound::Excluded);
        if overview.position >= Some(to) {
            return Ok(());
        }
        for relay in self.at.range((behind, Bound::Included(to))).map(|(_, relay)| relay) {
            store.visit(Read::stream(relay.clone()).backwards().page_of(1), |last| {
                overview.take(last)?;
                Ok::<_, SightError>(ControlFlow::Break(()))
            })?;
        }
        Ok(())
    }
}
