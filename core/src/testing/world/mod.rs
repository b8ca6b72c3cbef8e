//! Given, when, then for several lifecycles with their policies and projections.

mod failure;
mod then;
mod when;

pub use when::WorldWhen;

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::process::{ExitCode, Termination};
use std::sync::Arc;

use self::failure::what;
use self::when::Refused;
use super::life::{BEGINNING, happened, read_back};
use super::payload::shown;
use super::{fail, told};
use crate::aggregate::{Aggregate, RecordReason};
use crate::bus::{Bus, BusBuilder, CommitReason};
use crate::lifecycle::{EdgeCounts, Lifecycle, LifecycleEvent};
use crate::memory::MemoryStore;
use crate::number::GlobalPosition;
use crate::store::EventStore;
use crate::time::{Clock, ManualClock, Timestamp};

/// Several lives on one log, with what composes them: what is [`given`](Self::given) stands on the
/// log, an event [`when`](Self::when) is committed through the bus, with everything that policies
/// and projections make of it.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use vitae::{Event, Lifecycle, Policy};
/// # use vitae::testing::World;
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(name = "order.paid")]
/// # struct Paid {}
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(name = "parcel.requested")]
/// # struct Requested {}
/// # #[derive(Lifecycle, Debug, PartialEq)]
/// # #[lifecycle(name = "order")]
/// # enum Order {
/// #     #[state(initial)]
/// #     #[on(Paid => Settled)]
/// #     Open,
/// #     #[state(terminal)]
/// #     Settled,
/// # }
/// # impl OrderTransitions for Order {}
/// # #[derive(Lifecycle, Debug, PartialEq)]
/// # #[lifecycle(name = "parcel")]
/// # enum Parcel {
/// #     #[state(initial)]
/// #     #[on(Requested => Packing)]
/// #     Nothing,
/// #     #[state(terminal)]
/// #     Packing,
/// # }
/// # impl ParcelTransitions for Parcel {}
/// # fn paid_orders_are_packed() -> Policy {
/// #     Policy::new("paid-orders-are-packed")
/// #         .on(|_: &Paid, order, then| Ok(then.record::<Parcel>(order.stream().id(), Requested {})?))
/// # }
/// World::new(|bus| bus.policy(paid_orders_are_packed()))
///     .when::<Order>("7", Paid {})
///     .then_events(["order/7 order.paid", "parcel/7 parcel.requested"])
///     .then::<Parcel>("7", Parcel::Packing);
/// ```
///
/// The log is a [`MemoryStore`], the clock stands still until it is [set](Self::at). A test may
/// return its world, for [`Coverage`](super::Coverage) to see which edges its lives have taken.
pub struct World {
    bus: Bus,
    /// The same log without policies: what is given is committed here, and states are read back.
    log: Bus,
    clock: Arc<ManualClock>,
    last: Option<(GlobalPosition, GlobalPosition)>,
    refused: HashMap<TypeId, EdgeCounts>,
}

impl World {
    /// An empty log under a bus. The function that sets the bus up is asked twice, the second time
    /// for a bus of which the policies are dropped.
    #[must_use]
    #[track_caller]
    pub fn new(set_up: impl Fn(BusBuilder) -> BusBuilder) -> Self {
        let clock = Arc::new(ManualClock::new(BEGINNING));
        let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let store: Arc<dyn EventStore> =
            Arc::new(MemoryStore::new().with_clock(Arc::clone(&shared)));
        let builder = || set_up(Bus::builder(Arc::clone(&store)).clock(Arc::clone(&shared)));
        match (builder().open(), builder().without_policies().open()) {
            (Ok(bus), Ok(log)) => Self { bus, log, clock, last: None, refused: HashMap::new() },
            (Err(error), _) | (_, Err(error)) => fail(&format!("the bus: {}", told(&error))),
        }
    }

    /// Sets the clock: when the events from here on occur. Unless set, it is 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn at(self, time: Timestamp) -> Self {
        self.clock.set(time);
        self
    }

    /// An event that stands on the log of a life. What is on the log happened: its guard is not
    /// asked, and policies do not react to it; give what they made of it too. Projections are
    /// computed from it. One that is not legal fails the test.
    #[must_use]
    #[track_caller]
    pub fn given<L: Lifecycle>(self, id: impl AsRef<str>, event: impl Into<L::Event>) -> Self {
        let event = event.into();
        let (before, event_shown) = (self.load::<L>(id), shown(&event));
        let what = what("given", &event_shown, &before);
        let committed = match happened(before, event) {
            Ok(after) => {
                let _ = read_back(&after);
                self.log.commit(after).map(drop).map_err(|error| told(&error))
            }
            Err(reason) => Err(told(&reason)),
        };
        if let Err(got) = committed {
            self.failed(what, "that it could have happened".to_owned(), got);
        }
        self
    }

    /// Records an event in a life and commits it, with everything that policies and projections make
    /// of it. What comes of it is for the `then…` that follows.
    #[track_caller]
    pub fn when<L: Lifecycle>(
        mut self,
        id: impl AsRef<str>,
        event: impl Into<L::Event>,
    ) -> WorldWhen<L> {
        let (event, before) = (event.into(), self.load_on::<L>(&self.bus, id));
        let (definition, from) = (event.definition(), before.state().state());
        let what = what("when", &shown(&event), &before);
        self.last = None;
        let outcome = match before.record(event) {
            Ok(after) => self.commit(after).map_err(Refused::Commit),
            Err(error) => Err(Refused::Record(error.into_parts().1)),
        };
        if let Err(Refused::Record(RecordReason::Refused(_))) = &outcome {
            let counts = self.refused.entry(TypeId::of::<L>());
            counts.or_insert_with(|| EdgeCounts::new(L::DEFINITION)).count(from, definition);
        }
        WorldWhen::new(self, what, from, outcome)
    }

    #[track_caller]
    fn commit<L: Lifecycle>(&mut self, after: Aggregate<L>) -> Result<(), CommitReason> {
        let _ = read_back(&after);
        match self.bus.commit(after) {
            Ok((_, receipt)) => {
                self.last = receipt.positions;
                Ok(())
            }
            Err(error) => Err(error.into_parts().1),
        }
    }

    /// The bus, for everything else: what is committed there is part of this world.
    #[must_use]
    pub const fn bus(&self) -> &Bus {
        &self.bus
    }

    pub(super) fn refused<L: Lifecycle>(&self) -> Option<&EdgeCounts> {
        self.refused.get(&TypeId::of::<L>())
    }

    #[track_caller]
    fn load<L: Lifecycle>(&self, id: impl AsRef<str>) -> Aggregate<L> {
        self.load_on(&self.log, id)
    }

    #[track_caller]
    fn load_on<L: Lifecycle>(&self, bus: &Bus, id: impl AsRef<str>) -> Aggregate<L> {
        let id = id.as_ref();
        match bus.load::<L>(id) {
            Ok(life) => life,
            Err(error) => {
                let what = format!("`{}/{id}`", L::DEFINITION.name);
                self.failed(what, "that it can be loaded".to_owned(), told(&error))
            }
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("bus", &self.bus).finish_non_exhaustive()
    }
}

/// A test that returns its world has succeeded: one that fails has panicked before.
impl Termination for World {
    fn report(self) -> ExitCode {
        ExitCode::SUCCESS
    }
}
