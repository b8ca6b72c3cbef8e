//! Policies: whenever this event, then that lifecycle moves, in the same commit.

use std::collections::HashMap;
use std::fmt;

use super::working::Working;
use super::{HandlerError, LoadError, OpenError, Start};
use crate::aggregate::RecordReason;
use crate::event::{self, Event, decode};
use crate::lifecycle::{Context, Lifecycle};
use crate::name::Name;
use crate::time::Timestamp;

pub(super) type Handler =
    Box<dyn Fn(u32, &[u8], &Context, &mut Reaction<'_>) -> Result<(), HandlerError> + Send + Sync>;

/// What other lives record when an event is recorded: in the same commit, or [durably](Self::durable)
/// behind it.
///
/// Unless it is durable its events join the commit of the event that caused them, behind it, with its
/// correlation and time and with it as their cause. A policy may be asked several times for one commit, when
/// somebody else moved a life that it touched: it must depend on nothing but the event and what it
/// looks at through its [`Reaction`], and it must not commit anything itself.
///
/// Order: the events of a commit are gone through from the first to the last; for each, policies
/// react in the order in which they were added to the bus; what they record is put at the end and
/// comes to its turn. This ends when nothing is left, or with an error when causes run too deep.
///
/// ```
/// # use std::sync::Arc;
/// # use serde::{Deserialize, Serialize};
/// # use vitae::{Bus, Context, Event, Lifecycle, MemoryStore, Policy};
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(name = "order.paid")]
/// # struct Paid {}
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(name = "parcel.requested")]
/// # struct Requested {}
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
/// # #[derive(Lifecycle, Clone)]
/// # #[lifecycle(name = "parcel")]
/// # enum Parcel {
/// #     #[state(initial)]
/// #     #[on(Requested => Packing)]
/// #     Nothing,
/// #     #[state(terminal)]
/// #     Packing,
/// # }
/// # impl ParcelTransitions for Parcel {}
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let paid_orders_are_packed = Policy::new("paid-orders-are-packed")
///     .on(|_: &Paid, order, then| Ok(then.record::<Parcel>(order.stream().id(), Requested {})?));
/// let bus = Bus::builder(Arc::new(MemoryStore::new())).policy(paid_orders_are_packed).open()?;
///
/// bus.commit(bus.load::<Order>("7")?.record(Paid {})?)?;
/// assert!(matches!(bus.load::<Parcel>("7")?.state(), Parcel::Packing));
/// # Ok(())
/// # }
/// ```
pub struct Policy {
    pub(super) name: String,
    pub(super) handlers: Vec<(&'static str, Handler)>,
    pub(super) durable: bool,
    pub(super) start: Start,
    /// The schemas of the events it reacts to.
    pub(super) events: Vec<event::Schemas>,
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Policy {
    /// A policy that reacts to nothing yet. The name stands in errors, and is checked when the bus
    /// opens: no other policy of the bus may have it.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            handlers: Vec::new(),
            durable: false,
            start: Start::Beginning,
            events: Vec::new(),
        }
    }

    /// What to do whenever an event of a kind is recorded. Several handlers of a kind all react, in
    /// the order in which they were given.
    #[must_use]
    pub fn on<E: Event>(
        mut self,
        handler: impl Fn(&E, &Context, &mut Reaction<'_>) -> Result<(), HandlerError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let handler: Handler = Box::new(move |version, payload, context, reaction| {
            handler(&decode::<E>(version, payload)?, context, reaction)
        });
        self.handlers.push((E::KIND, handler));
        self.events.push(event::schemas::<E>);
        self
    }

    /// Lets the policy follow the log instead of joining the commits of others, from `start` when it
    /// first runs: [`Bus::start`](crate::Bus::start) lets it work on a thread, and
    /// [`Bus::catch_up`](crate::Bus::catch_up) on the caller's.
    ///
    /// It reads the events in the order of the log. What it records is committed together with its
    /// checkpoint, `policy/` and its name: whatever happens in between, and however many processes run
    /// it, an event has its effect inside the store once. A handler may be asked again for an event
    /// whose effect was not committed. What it records has the event as its cause and its correlation,
    /// and occurs at the time of the bus's clock; atomic policies and inline projections take part in
    /// it. A handler that fails, or panics, is asked again after a pause, and nothing behind the event
    /// is handled before: a life that cannot be moved is better looked at by the handler, through
    /// [`Reaction::state`], than recorded in vain.
    ///
    /// Choose it where the one need not happen with the other: nobody who commits waits for it, and it
    /// can be added later and still see everything. A durable policy that records what it reacts to
    /// itself goes on for ever.
    #[must_use]
    pub const fn durable(mut self, start: Start) -> Self {
        self.durable = true;
        self.start = start;
        self
    }
}

/// The atomic policies of a bus, by the kinds they react to.
pub(super) struct Policies {
    pub(super) max_depth: u32,
    by_kind: HashMap<&'static str, Vec<(Name, Handler)>>,
}

impl Policies {
    pub(super) fn new(policies: Vec<Policy>, max_depth: u32) -> Result<Self, OpenError> {
        let mut by_kind: HashMap<_, Vec<_>> = HashMap::new();
        for policy in policies {
            let name = Name::new(&policy.name)?;
            for (kind, handler) in policy.handlers {
                by_kind.entry(kind).or_default().push((name.clone(), handler));
            }
        }
        Ok(Self { max_depth, by_kind })
    }

    pub(super) fn of(&self, kind: &str) -> &[(Name, Handler)] {
        self.by_kind.get(kind).map_or(&[], Vec::as_slice)
    }
}

/// What a policy may do: look at lives, and record in them, now or after a while.
pub struct Reaction<'a> {
    pub(super) working: &'a mut Working,
    pub(super) inner: &'a super::Inner,
    pub(super) policy: &'a Name,
    pub(super) cause: &'a Context,
    /// When what is recorded occurs.
    pub(super) at: Timestamp,
    pub(super) depth: u32,
}

impl fmt::Debug for Reaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reaction").field("cause", self.cause).finish_non_exhaustive()
    }
}

impl Reaction<'_> {
    /// The state of a life, with everything that this commit has recorded in it so far. The commit
    /// is taken only if the life is then still as it was seen here; else it is put together anew.
    ///
    /// # Errors
    /// [`LoadError`], as [`Bus::load`](crate::Bus::load).
    pub fn state<L: Lifecycle>(&mut self, id: impl AsRef<str>) -> Result<L, LoadError> {
        self.working.state(self.inner, id.as_ref())
    }

    /// Records an event in a life, if it is legal there and its guard agrees.
    ///
    /// # Errors
    /// [`ReactionError`]. A policy that returns it makes the whole commit fail; one that can do
    /// without looks at [`state`](Self::state) first.
    pub fn record<L: Lifecycle>(
        &mut self,
        id: impl AsRef<str>,
        event: impl Into<L::Event>,
    ) -> Result<(), ReactionError<L::Refusal>> {
        let (cause, place) = (self.cause, (self.at, self.depth));
        self.working.record::<L>(self.inner, id.as_ref(), event.into(), cause, place)
    }
}

/// Why a policy could not record an event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReactionError<R> {
    /// The life could not be loaded.
    #[error("the life to move could not be loaded")]
    Load(#[from] LoadError),
    /// The event was turned down.
    #[error(transparent)]
    Record(RecordReason<R>),
}
