//! What the writer remembers of the file between transactions.
//!
//! Owns the bounds of it. Never the truth: it is dropped when a transaction is undone or somebody else
//! has written.

use std::sync::Arc;

use foldhash::HashMap;
use vitae::{KindVersion, Name, StreamId};

use crate::block::Builder;
use crate::names::Names;

/// How many streams are remembered from one transaction to the next.
const STREAMS: usize = 65_536;

#[derive(Default)]
pub(crate) struct Memory {
    /// Where each stream stands in `streams`.
    places: HashMap<StreamId, usize>,
    /// Each stream's number and version.
    streams: Vec<(i64, u64)>,
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
    /// Forgets all streams if they have become too many. Only between commits, who know where theirs stand.
    pub(super) fn make_room(&mut self) {
        if self.streams.len() >= STREAMS {
            self.places.clear();
            self.streams.clear();
        }
    }

    pub(super) fn stream(&self, id: &StreamId) -> Option<Known> {
        let place = *self.places.get(id)?;
        let (number, version) = *self.streams.get(place)?;
        Some(Known { place, number, version })
    }

    /// Remembers a stream that is not remembered yet.
    pub(super) fn remember(&mut self, stream: &StreamId, number: i64, version: u64) -> Known {
        let place = self.streams.len();
        self.places.insert(stream.clone(), place);
        self.streams.push((number, version));
        Known { place, number, version }
    }

    /// Remembers the version that a stream has now.
    pub(super) fn advance(&mut self, known: Known) {
        if let Some((_, version)) = self.streams.get_mut(known.place) {
            *version = known.version;
        }
    }
}

/// What is remembered of a stream.
#[derive(Clone, Copy)]
pub(super) struct Known {
    place: usize,
    pub(super) number: i64,
    pub(super) version: u64,
}
