//! What the writer remembers of the file between transactions.
//!
//! Owns the bounds of it. Never the truth: it is dropped when a transaction is undone or somebody else
//! has written.

use std::sync::Arc;

use foldhash::HashMap;
use vitae::{KindVersion, Name, StreamId};

use crate::block::Builder;
use crate::names::Names;

/// How many streams are remembered.
const STREAMS: usize = 65_536;

#[derive(Default)]
pub(crate) struct Memory {
    /// Each stream's number and version.
    streams: HashMap<StreamId, (i64, u64)>,
    /// Each kind's number and schema.
    pub(super) kinds: HashMap<(Name, KindVersion), (i64, Arc<str>)>,
    pub(super) names: Names,
    /// The position of the last event.
    pub(super) head: u64,
    /// The last events of a transaction, not yet in the file: none between transactions.
    pub(super) block: Builder,
    /// Where the next event is put together.
    pub(super) body: Vec<u8>,
}

impl Memory {
    pub(super) fn stream(&self, id: &StreamId) -> Option<(i64, u64)> {
        self.streams.get(id).copied()
    }

    pub(super) fn remember(&mut self, stream: &StreamId, found: (i64, u64)) {
        if let Some(known) = self.streams.get_mut(stream) {
            *known = found;
            return;
        }
        if self.streams.len() >= STREAMS {
            self.streams.clear();
        }
        self.streams.insert(stream.clone(), found);
    }
}
