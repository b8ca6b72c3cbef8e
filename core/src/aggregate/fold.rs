//! From the events of a stream back to the state.

use std::fmt;

use crate::event::DecodeError;
use crate::lifecycle::{Context, Illegal, Lifecycle, LifecycleEvent, StateDefinition};
use crate::name::StreamId;
use crate::number::{GlobalPosition, KindVersion, StreamVersion};
use crate::store::{Erased, EventRef};

/// A life read back from its events, one by one, in the order of the stream.
///
/// A bus loads aggregates with it. Use it yourself to read several lives out of one read of the
/// log.
pub struct Fold<L: Lifecycle> {
    stream: StreamId,
    version: Option<StreamVersion>,
    state: Option<L>,
}

impl<L: Lifecycle> Clone for Fold<L> {
    fn clone(&self) -> Self {
        let state = self.state.as_ref().map(L::duplicate);
        Self { stream: self.stream.clone(), version: self.version, state }
    }
}

impl<L: Lifecycle> fmt::Debug for Fold<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fold")
            .field("stream", &self.stream)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl<L: Lifecycle> Fold<L> {
    /// The life of a stream before its first event.
    #[must_use]
    pub fn new(stream: StreamId) -> Self {
        Self { stream, version: None, state: None }
    }

    pub(crate) const fn from_state(stream: StreamId, version: StreamVersion, state: L) -> Self {
        Self { stream, version: Some(version), state: Some(state) }
    }

    pub(crate) const fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// Whether an event is of this stream.
    #[must_use]
    pub fn concerns(&self, event: &EventRef<'_>) -> bool {
        event.stream() == self.stream.id().as_str()
            && event.category() == self.stream.category().as_str()
    }

    /// The version of the last event, `None` before the first.
    #[must_use]
    pub const fn version(&self) -> Option<StreamVersion> {
        self.version
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> L {
        self.state.as_ref().map_or_else(L::initial, L::duplicate)
    }

    /// Which state it is in.
    pub(crate) fn standing(&self) -> &'static StateDefinition {
        match &self.state {
            Some(state) => state.state(),
            None => L::initial().state(),
        }
    }

    pub(crate) fn into_parts(self) -> (StreamId, Option<StreamVersion>, L) {
        (self.stream, self.version, self.state.unwrap_or_else(L::initial))
    }

    /// Takes the next event of the stream.
    ///
    /// # Errors
    /// [`FoldError`] if it is not the next one, does not decode, or is not legal in the state that
    /// the events before it lead to. The fold stays as it was.
    pub fn push(&mut self, event: &EventRef<'_>) -> Result<(), Box<FoldError>> {
        self.try_push(event).map_err(|reason| {
            Box::new(FoldError {
                position: event.position(),
                stream: self.stream.clone(),
                kind: event.kind().to_owned(),
                kind_version: event.kind_version(),
                reason,
            })
        })
    }

    fn try_push(&mut self, event: &EventRef<'_>) -> Result<(), FoldReason> {
        let next = match self.version {
            None => Some(StreamVersion::FIRST),
            Some(version) => version.next(),
        };
        if !self.concerns(event) || next != Some(event.version()) {
            return Err(FoldReason::NotNext);
        }
        let payload = event.payload().map_err(FoldReason::Erased)?;
        let decoded = L::Event::decode(event.kind(), event.kind_version().get(), payload)?;
        let context = context_of(self.stream.clone(), event);
        let state = self.state.take().unwrap_or_else(L::initial);
        match state.apply(&decoded, &context) {
            Ok(state) => {
                self.state = Some(state);
                self.version = next;
                Ok(())
            }
            Err(state) => {
                let name = decoded.definition().name;
                let illegal = Illegal::new(L::DEFINITION, state.state(), name);
                self.state = Some(state);
                Err(FoldReason::Illegal(illegal))
            }
        }
    }
}

/// What may be known of an event that was read, besides its payload.
pub(crate) fn context_of(stream: StreamId, event: &EventRef<'_>) -> Context {
    Context {
        stream,
        version: event.version(),
        event_id: event.id(),
        correlation: event.correlation(),
        causation: event.causation(),
        occurred_at: event.occurred_at(),
    }
}

/// An event of a stream that a lifecycle cannot take. Reading stops here: nothing is skipped.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{stream}` cannot be read at position {position}, `{kind}` version {kind_version}")]
pub struct FoldError {
    /// Where the event stands in the log.
    pub position: GlobalPosition,
    /// The stream.
    pub stream: StreamId,
    /// The kind's stored name.
    pub kind: String,
    /// The version of the payload.
    pub kind_version: KindVersion,
    /// What is wrong with it.
    #[source]
    pub reason: FoldReason,
}

/// Why a lifecycle cannot take an event of the log.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FoldReason {
    /// The kind, the version or the bytes are not known to the lifecycle.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The payload was erased, so the state after it is not known any more.
    #[error(
        "{0}, so no state follows from here; read the stream's events from the store, and go on under \
         another id"
    )]
    Erased(Erased),
    /// The lifecycle has no edge for it: the declaration has changed since it was recorded.
    #[error("{0}; the declaration has changed since the event was recorded: give the edge back")]
    Illegal(Illegal),
    /// It is not the next event of the stream.
    #[error("it is not the next event of the stream")]
    NotNext,
}
