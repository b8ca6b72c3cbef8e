//! Timers that no part of a bus lets fire: their lifecycle is not registered.
//!
//! Owns that somebody is told. Never in the way: it may well be that another program lets them fire.

use std::collections::HashSet;
use std::sync::Mutex;

use super::Lifecycles;
use crate::bus::parts::lock;
use crate::name::{Name, StreamId};

pub(in crate::bus) struct Unfired {
    registered: HashSet<&'static str>,
    /// Those that were warned of.
    warned: Mutex<HashSet<Name>>,
}

impl Unfired {
    /// Of every lifecycle but these.
    pub(in crate::bus) fn but_for(registered: &Lifecycles) -> Self {
        Self { registered: registered.categories().collect(), warned: Mutex::default() }
    }

    /// Warns that a timer is set in a life, once for a lifecycle, if it does not fire here.
    pub(in crate::bus) fn warn(&self, stream: &StreamId) {
        let lifecycle = stream.category();
        let fires = self.registered.contains(lifecycle.as_str());
        if !fires && lock(&self.warned).insert(lifecycle.clone()) {
            tracing::warn!(
                %lifecycle,
                "a timer was set that fires on no bus but one that has its lifecycle registered, \
                 and this one has not; call `BusBuilder::register` where it is to fire"
            );
        }
    }
}
