//! Effects: what an event sets in motion outside the store, tried at least once.
//!
//! Owns when an event is tried, and what becomes of one that fails: it is set aside by an act on the log,
//! with all that comes behind it in its stream, and the others go on. Never runs a handler while it holds
//! the store, or twice for an event that it knows to be delivered.

mod acts;
mod back_off;
mod behind;
mod erased;
mod index;
mod life;
mod parked;
mod part;
mod retry;

pub use back_off::BackOff;
pub use life::{
    EffectDelivered, EffectFailed, EffectGivenUp, EffectHeld, EffectParked, EffectRetried,
};
pub use parked::{ParkedError, ParkedEvent, ParkedEvents};
pub(super) use part::EffectPart;

use std::collections::HashMap;
use std::fmt;

use super::schemas::Schemas;
use super::{HandlerError, Start};
use crate::event::{self, Event, decode};
use crate::lifecycle::Context;
use life::SetAside;

/// How often an event is tried before it is parked, unless set.
const ATTEMPTS: u32 = 8;

type Handler = Box<dyn Fn(u32, &[u8], &Context, &Call) -> Result<(), HandlerError> + Send + Sync>;

/// Something outside the store that events set in motion: a mail, a payment, a call of somebody else's
/// service.
///
/// It follows the log, on a thread after [`Bus::start`](crate::Bus::start) or on the caller's in
/// [`Bus::catch_up`](crate::Bus::catch_up), from `start` when it first runs. Its checkpoint is `effect/`
/// and its name.
///
/// **At least once.** An event that concerns it is tried until a try succeeds or somebody gives it up.
/// No more than that can be promised of what is outside the store: after a crash between a try and its
/// commit the event is tried again, and so are up to 15 others that went well right before. Several
/// processes may run one effect: then two may try one event, and one of them goes on. So every try of an
/// event has the same [key](Call::key), by which whoever is called can tell that it was called before.
///
/// **In order.** The events of one stream are tried in their order: of the threads that work on a bus, one
/// at a time calls. Of several processes each keeps to it for itself, and a slow one may still be at an
/// event when another is past it. One that fails is set aside, and what follows in its stream waits behind
/// it; the other streams go on. It is tried again after a while ([`back_off`](Self::back_off)), and after
/// some tries ([`attempts`](Self::attempts)) it is parked until somebody decides
/// ([`Bus::parked`](crate::Bus::parked)). What is set aside stands on the log, an event for each thing that
/// happened to it, and outlives a restart. What succeeds at once leaves nothing but the checkpoint.
///
/// A handler that panics has failed, and so has one whose event does not decode. While it runs nothing
/// waits for it but the other events of this effect: it may use the bus, but for `catch_up`. It must
/// come to an end; a time-out is its own affair. Rebuilding a projection concerns no effect.
///
/// ```
/// # use std::sync::{Arc, Mutex};
/// # use serde::{Deserialize, Serialize};
/// # use vitae::{Bus, Effect, Event, Lifecycle, MemoryStore, Start};
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(name = "order.paid")]
/// # struct Paid { by: String }
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
/// # #[derive(Clone, Default)]
/// # struct Mailer(Arc<Mutex<Vec<String>>>);
/// # impl Mailer {
/// #     fn send(&self, key: &str, to: &str) -> Result<(), std::fmt::Error> {
/// #         self.0.lock().unwrap().push(format!("{key} to {to}"));
/// #         Ok(())
/// #     }
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mailer = Mailer::default();
/// # let sent = mailer.0.clone();
/// let receipts = Effect::new("receipt-mail", Start::Now)
///     .on(move |paid: &Paid, _, call| Ok(mailer.send(call.key(), &paid.by)?));
/// let bus = Bus::builder(Arc::new(MemoryStore::new())).effect(receipts).open()?;
///
/// bus.commit(bus.load::<Order>("7")?.record(Paid { by: "ada".into() })?)?;
/// bus.catch_up()?;
/// # let sent = sent.lock().unwrap();
/// assert!(sent[0].starts_with("receipt-mail/") && sent[0].ends_with(" to ada"));
/// # Ok(())
/// # }
/// ```
pub struct Effect {
    pub(super) name: String,
    start: Start,
    handlers: HashMap<&'static str, Handler>,
    back_off: BackOff,
    attempts: u32,
    /// The schemas of the events it handles.
    pub(super) events: Vec<event::Schemas>,
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effect")
            .field("name", &self.name)
            .field("start", &self.start)
            .field("back_off", &self.back_off)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl Effect {
    /// An effect that no event sets in motion yet. Its name is checked when the bus opens: no other
    /// effect of the bus may have it, and `effect/` with it must be a [`Name`](crate::Name). It is for
    /// good, as checkpoint and keys are made of it.
    ///
    /// There is no default for `start`: of an effect on a log of some age, the beginning may be a
    /// thousand mails about what is long past, and now may be one that is never sent.
    #[must_use]
    pub fn new(name: impl Into<String>, start: Start) -> Self {
        Self {
            name: name.into(),
            start,
            handlers: HashMap::new(),
            back_off: BackOff::default(),
            attempts: ATTEMPTS,
            events: Vec::new(),
        }
    }

    /// What to do about an event of a kind. A kind has one handler: a bus does not open with two
    /// ([`OpenError::TwoHandlers`](crate::OpenError::TwoHandlers)).
    #[must_use]
    pub fn on<E: Event>(
        mut self,
        handler: impl Fn(&E, &Context, &Call) -> Result<(), HandlerError> + Send + Sync + 'static,
    ) -> Self {
        let handler: Handler = Box::new(move |version, payload, context, call| {
            handler(&decode::<E>(version, payload)?, context, call)
        });
        self.handlers.insert(E::KIND, handler);
        self.events.push(event::schemas::<E>);
        self
    }

    /// How long it waits after a try that failed, by the bus's clock.
    #[must_use]
    pub const fn back_off(mut self, back_off: BackOff) -> Self {
        self.back_off = back_off;
        self
    }

    /// How often an event is tried before it is parked: 8 times unless set; 0 is taken as 1.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Has the schemas checked of what it handles and of what it records.
    pub(super) fn announce(&self, schemas: &Schemas) {
        schemas.announce::<SetAside>();
        schemas.announce_handled(&self.events);
    }
}

/// One try of an effect on an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    key: String,
    attempt: u32,
}

impl Call {
    /// What this has in common with every other try of the effect on the event, now and after any
    /// restart, and with nothing else: the effect's name, a slash, and the
    /// [event's id](crate::EventId).
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The number of the try, counted from 1: one more than those that are known to have failed. Counted
    /// anew when a parked event is retried.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }
}
