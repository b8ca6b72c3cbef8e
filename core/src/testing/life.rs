//! One life in a test, moved by the library's own recording and read back from its bytes.

use std::sync::Arc;

use super::payload::{self, shown};
use super::{fail, told};
use crate::aggregate::{Aggregate, Draft, Home, RecordReason};
use crate::id::{CommitId, LogId};
use crate::lifecycle::{EdgeCounts, Lifecycle, LifecycleEvent};
use crate::name::StreamId;
use crate::number::StreamVersion;
use crate::time::{ManualClock, Timestamp};

/// When events occur in a test that says nothing else: 1970-01-01T00:00:00Z.
pub(super) const BEGINNING: Timestamp = Timestamp::from_micros(0);

/// One life. Every event is a commit of its own, whose id is the event's version as a number.
pub(super) struct Life<L: Lifecycle> {
    stream: StreamId,
    version: Option<StreamVersion>,
    /// Folded from what was encoded, as a reader of the log would.
    state: L,
    /// When what comes next occurs.
    pub(super) at: Timestamp,
    /// What happened, as it was read back.
    pub(super) events: Vec<L::Event>,
    /// The same, a line each.
    pub(super) history: Vec<String>,
    pub(super) taken: EdgeCounts,
    pub(super) refused: EdgeCounts,
}

impl<L: Lifecycle> Life<L> {
    #[track_caller]
    pub(super) fn new(id: &str) -> Self {
        let stream = match StreamId::new(L::DEFINITION.name, id) {
            Ok(stream) => stream,
            Err(error) => fail(&format!("`{id}` is not the id of a stream: {error}")),
        };
        Self {
            stream,
            version: None,
            state: L::initial(),
            at: BEGINNING,
            events: Vec::new(),
            history: Vec::new(),
            taken: EdgeCounts::new(L::DEFINITION),
            refused: EdgeCounts::new(L::DEFINITION),
        }
    }

    pub(super) const fn state(&self) -> &L {
        &self.state
    }

    /// Records an event, as a program would. Returns the state that this has led to, not read back.
    #[track_caller]
    pub(super) fn record(&mut self, event: L::Event) -> Result<L, RecordReason<L::Refusal>> {
        let definition = event.definition();
        match self.aggregate().record(event) {
            Ok(aggregate) => Ok(self.follow(aggregate)),
            Err(error) => {
                let (_, reason) = error.into_parts();
                if matches!(reason, RecordReason::Refused(_)) {
                    self.refused.count(self.state.state(), definition);
                }
                Err(reason)
            }
        }
    }

    /// Takes an event that stands on the log: no guard is asked. Returns as [`record`](Self::record).
    #[track_caller]
    pub(super) fn happened(&mut self, event: L::Event) -> Result<L, RecordReason<L::Refusal>> {
        match happened(self.aggregate(), event) {
            Ok(aggregate) => Ok(self.follow(aggregate)),
            Err(reason) => Err(reason),
        }
    }

    /// The life as a bus would load it.
    fn aggregate(&self) -> Aggregate<L> {
        let clock = Arc::new(ManualClock::new(self.at));
        let home = Home { log: LogId::from_bytes([0; 16]), clock };
        let mut draft = Draft::new(home, self.stream.clone(), self.version);
        let number = self.version.map_or(0, StreamVersion::get).saturating_add(1);
        draft.commit = CommitId::from_bytes(u128::from(number).to_be_bytes());
        Aggregate { draft: Box::new(draft), state: self.state.duplicate() }
    }

    /// Goes where the event that was recorded leads, by way of its bytes.
    #[track_caller]
    fn follow(&mut self, recorded: Aggregate<L>) -> L {
        let from = self.state.state();
        let context = self.aggregate().draft.next_context(0);
        let (Some(pending), Some(context)) = (recorded.draft.pending.first(), context) else {
            fail(&"a `Lifecycle` that was not derived recorded nothing");
        };
        let event = read_back::<L>(&recorded);
        match self.state.duplicate().apply(&event, &context) {
            Ok(state) => self.state = state,
            Err(_) => fail(&"a `Lifecycle` that was not derived takes back what it recorded"),
        }
        self.version = recorded.draft.version_after();
        self.taken.count(from, pending.definition);
        let to = self.state.state().name;
        self.history.push(format!("{}: {} -> {to}", shown(&event), from.name));
        self.events.push(event);
        recorded.state
    }
}

/// Takes an event that stands on the log: no guard is asked.
pub(super) fn happened<L: Lifecycle>(
    aggregate: Aggregate<L>,
    event: L::Event,
) -> Result<Aggregate<L>, RecordReason<L::Refusal>> {
    let Some(context) = aggregate.draft.next_context(aggregate.draft.next_index()) else {
        return Err(RecordReason::Full);
    };
    aggregate.take_on(event, &context).map_err(|error| error.into_parts().1)
}

/// The event recorded last, as it is read back from its bytes.
#[track_caller]
pub(super) fn read_back<L: Lifecycle>(aggregate: &Aggregate<L>) -> L::Event {
    let last = aggregate.draft.pending.last();
    let read = match last.map(|pending| (pending.definition, pending.payload.bytes())) {
        Some((definition, Ok(bytes))) => payload::read_back(definition, bytes),
        _ => fail(&"nothing was recorded"),
    };
    match read {
        Ok(event) => event,
        Err(fault) => fail(&told(&fault)),
    }
}
