//! Projections: read models over view rows.

use std::fmt;

use foldhash::{HashMap, HashMapExt};

use super::parts::{Contexts, PartKind};
use super::{HandlerError, OpenError, Rows, generations, sight};
use crate::event::{self, Event, decode};
use crate::lifecycle::Context;
use crate::name::Name;
use crate::store::{EventRef, EventStore, Query};

/// The most events whose rows are one commit, unless set.
const BATCH: usize = 1_024;

type Handler =
    Box<dyn Fn(u32, &[u8], &Context, &mut Rows<'_>) -> Result<(), HandlerError> + Send + Sync>;

/// A read model: rows of one view that are computed from events. Inline, they change in the commit of
/// the events; one that [catches up](Self::catch_up) follows the log behind them.
///
/// A handler sees one event and the rows of its own view. It may be asked several times for one
/// event (when a row turns out to be stale, when the view is rebuilt), so it must depend on nothing
/// else. Inline, its error rejects the commit.
///
/// Inline, it has neither checkpoint nor version, and knows only of commits on buses that have it. So one
/// that is new on an old log begins without the past, the events that a bus without it commits are missing
/// from its rows, and handlers that have changed go on from the old ones. None of this is noticed:
/// [`Bus::rebuild`](crate::Bus::rebuild) puts the rows right. One that [catches up](Self::catch_up) begins
/// at the first event and misses none, whoever commits it.
///
/// ```
/// # use std::sync::Arc;
/// # use serde::{Deserialize, Serialize};
/// # use vitae::{Bus, Event, Lifecycle, MemoryStore, Projection};
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(name = "order.paid")]
/// # struct Paid { cents: u64 }
/// # #[derive(Lifecycle, Clone)]
/// # #[lifecycle(name = "order")]
/// # enum Order {
/// #     #[state(initial)]
/// #     #[on(Paid => Settled)]
/// #     Open,
/// #     #[state(terminal)]
/// #     Settled,
/// # }
/// # impl OrderTransitions for Order {}
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let takings = Projection::new("takings").on(|event: &Paid, _, rows| {
///     let so_far: u64 = rows.get("all")?.unwrap_or(0);
///     rows.put("all", &(so_far + event.cents))
/// });
/// let bus = Bus::builder(Arc::new(MemoryStore::new())).projection(takings).open()?;
///
/// bus.commit(bus.load::<Order>("7")?.record(Paid { cents: 4_200 })?)?;
/// assert_eq!(bus.view::<u64>("takings")?.get("all")?, Some(4_200));
/// # Ok(())
/// # }
/// ```
pub struct Projection {
    pub(super) view: String,
    handlers: HashMap<&'static str, Handler>,
    /// The version of a projection that follows the log; `None` for one that is inline.
    pub(super) version: Option<u32>,
    pub(super) batch: usize,
    /// The schemas of the events it handles.
    pub(super) events: Vec<event::Schemas>,
}

impl fmt::Debug for Projection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projection").field("view", &self.view).finish_non_exhaustive()
    }
}

impl Projection {
    /// A projection into a view that handles no event yet. The view's name is checked when the bus
    /// opens: no other projection of the bus may have it.
    #[must_use]
    pub fn new(view: impl Into<String>) -> Self {
        Self {
            view: view.into(),
            handlers: HashMap::new(),
            version: None,
            batch: BATCH,
            events: Vec::new(),
        }
    }

    /// What an event of a kind does to the rows. A kind has one handler: a bus does not open with two
    /// ([`OpenError::TwoHandlers`](crate::OpenError::TwoHandlers)).
    #[must_use]
    pub fn on<E: Event>(
        mut self,
        handler: impl Fn(&E, &Context, &mut Rows<'_>) -> Result<(), HandlerError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let handler: Handler = Box::new(move |version, payload, context, rows| {
            handler(&decode::<E>(version, payload)?, context, rows)
        });
        self.handlers.insert(E::KIND, handler);
        self.events.push(event::schemas::<E>);
        self
    }

    /// Lets the projection follow the log instead of joining the commits of others:
    /// [`Bus::start`](crate::Bus::start) lets it work on a thread, and
    /// [`Bus::catch_up`](crate::Bus::catch_up) on the caller's. Nobody who commits waits for it, its
    /// errors reject nothing, and it can be added later and still see everything.
    ///
    /// Rows and checkpoint are one commit for up to 1,024 events ([`batch`](Self::batch)), so each event
    /// counts once. A handler
    /// that fails, or panics, is asked again after a pause; nothing behind that event is projected
    /// before, and the rows stay as they were.
    ///
    /// The rows that it has worked on are kept in memory from one commit to the next, up to about 4 MiB,
    /// and not read again as long as nobody else goes on with the view.
    ///
    /// `version` is that of the handlers: raise it whenever they come to other rows than before. A bus
    /// whose version is higher than that of the rows computes them anew from the first event, into a
    /// [shadow](crate::Shadow) beside the live ones, and switches over when the shadow has caught up.
    /// One whose version is lower leaves them alone and says so
    /// ([`PartError::Superseded`](crate::PartError::Superseded)). Versions begin at 1; 0 is taken as 1.
    ///
    /// Rows that the view has before it was ever followed, as an inline projection leaves them, are taken for
    /// those of an older version: readers see them until the others are computed. The way back is closed: a
    /// bus does not open with an inline projection of a view that was followed
    /// ([`OpenError::NotInline`](crate::OpenError::NotInline)).
    #[must_use]
    pub const fn catch_up(mut self, version: u32) -> Self {
        self.version = Some(version);
        self
    }

    /// Sets how many events at the most have their rows in one commit when the projection catches up:
    /// 1,024 unless set; 0 is taken as 1. More is faster where many events change the same rows, and
    /// takes memory for the rows of all of them, and for the events of two batches: the next ones are read while
    /// a commit is under way. Beyond about 1 MiB of events a batch ends sooner.
    #[must_use]
    pub const fn batch(mut self, events: usize) -> Self {
        self.batch = events;
        self
    }
}

/// A projection that was checked.
pub(super) struct Checked {
    pub(super) view: Name,
    handlers: HashMap<&'static str, Handler>,
}

impl Checked {
    pub(super) fn new(projection: Projection) -> Result<Self, OpenError> {
        Ok(Self { view: Name::new(projection.view)?, handlers: projection.handlers })
    }

    pub(super) fn query(&self) -> Query {
        Query::kinds(self.kinds())
    }

    fn kinds(&self) -> impl Iterator<Item = Name> {
        self.handlers.keys().filter_map(|kind| Name::from_static(kind).ok())
    }

    /// Applies an event that was read.
    pub(super) fn apply_read(
        &self,
        event: &EventRef<'_>,
        contexts: &mut Contexts,
        rows: &mut Rows<'_>,
    ) -> Result<(), HandlerError> {
        // An erased payload says nothing any more, so no row can come from it.
        let Ok(payload) = event.payload() else {
            return Ok(());
        };
        let context = contexts.of(event)?;
        self.apply(event.kind(), event.kind_version().get(), payload, context, rows)
    }

    pub(super) fn apply(
        &self,
        kind: &str,
        version: u32,
        payload: &[u8],
        context: &Context,
        rows: &mut Rows<'_>,
    ) -> Result<(), HandlerError> {
        let Some(handler) = self.handlers.get(kind) else {
            return Ok(());
        };
        let _span = sight::handling(PartKind::Projection, &self.view, kind, context);
        handler(version, payload, context, rows)
    }
}

/// The inline projections of a bus.
pub(super) struct Projections(pub(super) Vec<Checked>);

impl Projections {
    pub(super) fn new(projections: Vec<Projection>) -> Result<Self, OpenError> {
        Ok(Self(projections.into_iter().map(Checked::new).collect::<Result<_, _>>()?))
    }

    /// Refuses views whose rows are those of a projection that catches up.
    pub(super) fn require_own_rows(&self, store: &dyn EventStore) -> Result<(), OpenError> {
        for Checked { view, .. } in &self.0 {
            if generations::stored(store, view)?.is_some() {
                return Err(OpenError::NotInline { view: view.clone() });
            }
        }
        Ok(())
    }

    pub(super) fn find(&self, view: &str) -> Option<&Checked> {
        self.0.iter().find(|projection| projection.view.as_str() == view)
    }
}
