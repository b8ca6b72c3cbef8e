//! What a transition may know besides state and event.

use crate::id::{CorrelationId, EventId};
use crate::name::StreamId;
use crate::number::StreamVersion;
use crate::time::Timestamp;

/// What a transition's body and its guard may know of an event besides its payload.
///
/// It is the same when the event is recorded and when it is read back, so a body that uses nothing
/// else gives the same state both times. While several aggregates wait to be committed together,
/// [`event_id`](Context::event_id) and [`correlation`](Context::correlation) are those that the
/// event would get if its aggregate were committed alone; the commit folds the events again if they
/// become others.
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) stream: StreamId,
    pub(crate) version: StreamVersion,
    pub(crate) event_id: EventId,
    pub(crate) correlation: CorrelationId,
    pub(crate) causation: Option<EventId>,
    pub(crate) occurred_at: Timestamp,
}

impl Context {
    /// The stream: the lifecycle's name as category, and the id it was loaded by.
    #[must_use]
    pub const fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// The event's place in the stream, counted from 1.
    #[must_use]
    pub const fn version(&self) -> StreamVersion {
        self.version
    }

    /// The event's identity.
    #[must_use]
    pub const fn event_id(&self) -> EventId {
        self.event_id
    }

    /// What the event belongs to.
    #[must_use]
    pub const fn correlation(&self) -> CorrelationId {
        self.correlation
    }

    /// The event that caused this one.
    #[must_use]
    pub const fn causation(&self) -> Option<EventId> {
        self.causation
    }

    /// When the event happened: set when it was recorded, by the bus's clock or by the caller.
    #[must_use]
    pub const fn occurred_at(&self) -> Timestamp {
        self.occurred_at
    }
}
