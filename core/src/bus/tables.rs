//! Projections whose rows stand in tables that a store keeps for them.
//!
//! Owns what such a store promises, and how what handlers make of a batch of events comes to it. Never
//! knows what a table is.

use std::collections::HashMap;
use std::fmt;

use super::drift::{Live, Recomputed};
use super::parts::{Contexts, NotTaken, PartError, PartKind, Prepared, Stopped, guarded};
use super::{Drift, HandlerError, OpenError, RebuildError, sight};
use crate::event::{self, Event, decode};
use crate::id::{CommitId, LogId};
use crate::lifecycle::Context;
use crate::name::Name;
use crate::store::{AppendError, Commit, EventRef, Query};

/// The most events whose rows are one commit, unless set.
const BATCH: usize = 1_024;

/// Tables that a store keeps for one projection, beside its log. Implemented by the crate of a store:
/// `vitae-sqlite` has them in its file.
///
/// The bus follows the log, asks the handlers, and decides which tables are live, which are computed
/// anew beside them and which are to go: each such set is a *generation* and has a number. What is done
/// to the tables and the commit that it comes with are all or nothing, by the rules of
/// [`EventStore::append`](crate::store::EventStore::append). These commits hold checkpoints and view rows, never
/// events.
pub trait Tables: Send + Sync + 'static {
    /// What the handlers make of one event.
    type Written: Default;

    /// The log that the tables stand beside.
    fn log_id(&self) -> LogId;

    /// Writes to the tables of a generation what was made of some events, in their order. Makes the
    /// tables if they are not there.
    ///
    /// # Errors
    /// [`TablesError`]; but for an outcome that is unknown, nothing was written.
    fn write(
        &self,
        generation: u32,
        written: Vec<Self::Written>,
        commit: Commit,
    ) -> Result<(), TablesError>;

    /// Makes the tables of these generations, those that are not there, and lets readers see the live
    /// one. `None` if there is none, or another version of the projection has made it: then it stays as
    /// it is.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn arrange(
        &self,
        live: Option<u32>,
        shadow: Option<u32>,
        commit: Commit,
    ) -> Result<(), TablesError>;

    /// Removes a part of a generation that no reader is shown. The commit is taken with the last part,
    /// which this says with `true`.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn remove(&self, generation: u32, commit: Commit) -> Result<bool, TablesError>;

    /// Tables like those of a generation, empty and apart from them, to be filled anew and compared with
    /// them.
    ///
    /// # Errors
    /// [`TablesError`] if they cannot be made.
    fn recompute(
        &self,
        generation: u32,
    ) -> Result<Box<dyn Recomputed<Self::Written> + '_>, TablesError>;
}

/// Why tables were not changed, or not compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TablesError {
    /// The store did not take the commit.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// What was made of one of the events cannot be written. The bus tries again without it and those
    /// behind it.
    #[error("what was made of an event cannot be written")]
    Event {
        /// How many events there were before it.
        fitting: usize,
        /// What is in the way.
        source: HandlerError,
    },
    /// The tables could not be made, shown to readers, removed or compared.
    #[error("the tables could not be made, shown, removed or compared")]
    Tables(#[source] HandlerError),
}

impl TablesError {
    /// Whether somebody else was faster.
    pub(super) const fn is_contention(&self) -> bool {
        let Self::Append(error) = self else { return false };
        matches!(error, AppendError::StaleRow { .. } | AppendError::CheckpointConflict { .. })
    }

    pub(super) fn on_part(self, projection: &Name) -> PartError {
        match self {
            Self::Append(source) => PartError::View { view: projection.clone(), source },
            Self::Event { source, .. } | Self::Tables(source) => {
                PartError::Tables { projection: projection.clone(), source }
            }
        }
    }

    /// Why what was made of some events was not taken.
    fn on_events(self, projection: &Name) -> NotTaken {
        match self {
            Self::Append(error) => NotTaken::Store(error),
            Self::Event { fitting, source } => NotTaken::Event { fitting, source },
            tables @ Self::Tables(_) => NotTaken::Part(tables.on_part(projection)),
        }
    }
}

type Handler<W> =
    Box<dyn Fn(u32, &[u8], &Context, &mut W) -> Result<(), HandlerError> + Send + Sync>;

/// What each kind of event does to a `W`.
pub struct Handlers<W> {
    by_kind: HashMap<&'static str, Handler<W>>,
    /// The schemas of the events that are handled.
    events: Vec<event::Schemas>,
}

impl<W> Default for Handlers<W> {
    fn default() -> Self {
        Self { by_kind: HashMap::new(), events: Vec::new() }
    }
}

impl<W> fmt::Debug for Handlers<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_kind.keys()).finish()
    }
}

impl<W: 'static> Handlers<W> {
    /// What an event of a kind does. A kind has one handler: a bus does not open with two
    /// ([`OpenError::TwoHandlers`](crate::OpenError::TwoHandlers)).
    #[must_use]
    pub fn on<E: Event>(
        mut self,
        handler: impl Fn(&E, &Context, &mut W) -> Result<(), HandlerError> + Send + Sync + 'static,
    ) -> Self {
        let handler: Handler<W> = Box::new(move |version, payload, context, written| {
            handler(&decode::<E>(version, payload)?, context, written)
        });
        self.by_kind.insert(E::KIND, handler);
        self.events.push(event::schemas::<E>);
        self
    }

    fn query(&self) -> Query {
        Query::kinds(self.by_kind.keys().filter_map(|kind| Name::from_static(kind).ok()))
    }
}

/// A projection into [tables](Tables), made ready by the crate of their store, for
/// [`BusBuilder::projection_in_tables`](crate::BusBuilder::projection_in_tables).
pub struct ProjectionInTables {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) batch: usize,
    pub(super) events: Vec<event::Schemas>,
    pub(super) keeps: Box<dyn Keeps>,
}

impl fmt::Debug for ProjectionInTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProjectionInTables").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ProjectionInTables {
    /// What handlers make of events goes to tables. The version is that of handlers and tables
    /// together, as that of a projection that [catches up](crate::Projection::catch_up).
    #[must_use]
    pub fn new<T: Tables>(
        name: impl Into<String>,
        version: u32,
        handlers: Handlers<T::Written>,
        tables: T,
    ) -> Self {
        let events = handlers.events.clone();
        let keeps = Box::new(Kept { handlers, tables });
        Self { name: name.into(), version, batch: BATCH, events, keeps }
    }

    /// Sets how many events at the most have their rows in one commit: 1,024 unless set; 0 is taken as 1.
    #[must_use]
    pub const fn batch(mut self, events: usize) -> Self {
        self.batch = events;
        self
    }

    pub(super) fn require_log(&self, log: LogId) -> Result<(), OpenError> {
        if self.keeps.log_id() == log {
            return Ok(());
        }
        Err(OpenError::OtherLog { projection: self.name.clone(), log })
    }
}

/// Handlers and the tables that they write to, whatever type they are.
pub(super) trait Keeps: Send + Sync {
    fn log_id(&self) -> LogId;

    fn query(&self) -> Query;

    /// Asks the handlers, and hands out what takes the commit together with what they made.
    fn prepare(
        &self,
        projection: &Name,
        generation: u32,
        events: &[EventRef<'_>],
    ) -> Result<Prepared<'_>, Stopped>;

    fn arrange(
        &self,
        live: Option<u32>,
        shadow: Option<u32>,
        commit: Commit,
    ) -> Result<(), TablesError>;

    fn remove(&self, generation: u32, commit: Commit) -> Result<bool, TablesError>;

    /// How the live tables differ from what the log comes to; `None` if they are not live any more.
    fn drift(&self, live: &Live<'_>) -> Result<Option<Drift>, RebuildError>;
}

struct Kept<T: Tables> {
    handlers: Handlers<T::Written>,
    tables: T,
}

impl<T: Tables> Kept<T> {
    fn apply(
        &self,
        projection: &Name,
        event: &EventRef<'_>,
        contexts: &mut Contexts,
    ) -> Result<T::Written, HandlerError> {
        let mut written = T::Written::default();
        // An erased payload says nothing any more, so nothing can come of it.
        if let (Ok(payload), Some(handler)) =
            (event.payload(), self.handlers.by_kind.get(event.kind()))
        {
            let context = contexts.of(event)?;
            let part = PartKind::Projection;
            let _span = sight::handling(part, projection, event.kind(), context);
            handler(event.kind_version().get(), payload, context, &mut written)?;
        }
        Ok(written)
    }
}

impl<T: Tables> Keeps for Kept<T> {
    fn log_id(&self) -> LogId {
        self.tables.log_id()
    }

    fn query(&self) -> Query {
        self.handlers.query()
    }

    fn prepare(
        &self,
        projection: &Name,
        generation: u32,
        events: &[EventRef<'_>],
    ) -> Result<Prepared<'_>, Stopped> {
        let mut contexts = Contexts::default();
        let mut written = Vec::with_capacity(events.len());
        for (at, event) in events.iter().enumerate() {
            let made = guarded(|| self.apply(projection, event, &mut contexts));
            let stopped = |source| Stopped { at, error: PartError::of_handler(event, source) };
            written.push(made.map_err(stopped)?);
        }
        let projection = projection.clone();
        Ok(Prepared::with(Commit::new(CommitId::generate()), move |commit| {
            let taken = self.tables.write(generation, written, commit);
            taken.map_err(|error| error.on_events(&projection))
        }))
    }

    fn arrange(
        &self,
        live: Option<u32>,
        shadow: Option<u32>,
        commit: Commit,
    ) -> Result<(), TablesError> {
        self.tables.arrange(live, shadow, commit)
    }

    fn remove(&self, generation: u32, commit: Commit) -> Result<bool, TablesError> {
        self.tables.remove(generation, commit)
    }

    fn drift(&self, live: &Live<'_>) -> Result<Option<Drift>, RebuildError> {
        let mut recomputed =
            self.tables.recompute(live.generation).map_err(|error| live.not_compared(error))?;
        live.compare(&self.query(), &mut *recomputed, |event, contexts| {
            guarded(|| self.apply(live.projection, event, contexts))
        })
    }
}
