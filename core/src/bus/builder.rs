//! Setting up a bus.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::catch_up::CatchUp;
use super::durable::DurablePolicy;
use super::effects::{Effect, EffectPart};
use super::parts::{Part, Parts};
use super::policy::{Policies, Policy};
use super::projection::{Projection, Projections};
use super::recent::Recent;
use super::schemas::Schemas;
use super::snapshots::{self, Snapshots};
use super::spare::SparePage;
use super::tables::ProjectionInTables;
use super::timers::{Lifecycles, Unfired};
use super::turns::Turns;
use super::{Bus, Inner, OpenError, PartKind};
use crate::aggregate::Home;
use crate::lifecycle::Lifecycle;
use crate::name::Name;
use crate::store::{EventStore, RegisteredSchema};
use crate::time::{Clock, SystemClock};

/// How deep policies may cause each other unless set.
const MAX_DEPTH: u32 = 32;

/// How many lives a bus remembers unless set.
const REMEMBERED: usize = 1_024;

/// A bus that is being set up.
#[must_use = "nothing happens before `open`"]
pub struct BusBuilder {
    store: Arc<dyn EventStore>,
    clock: Arc<dyn Clock>,
    schemas: Schemas,
    policies: Vec<Policy>,
    projections: Vec<Projection>,
    in_tables: Vec<ProjectionInTables>,
    effects: Vec<Effect>,
    snapshots: Vec<Snapshots>,
    timed: Lifecycles,
    max_depth: u32,
    remembered: usize,
}

impl fmt::Debug for BusBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusBuilder")
            .field("policies", &self.policies)
            .field("projections", &self.projections)
            .field("in_tables", &self.in_tables)
            .field("effects", &self.effects)
            .field("snapshots", &self.snapshots)
            .field("max_policy_depth", &self.max_depth)
            .field("remember", &self.remembered)
            .finish_non_exhaustive()
    }
}

impl BusBuilder {
    pub(super) fn new(store: Arc<dyn EventStore>) -> Self {
        Self {
            store,
            clock: Arc::new(SystemClock),
            schemas: Schemas::default(),
            policies: Vec::new(),
            projections: Vec::new(),
            in_tables: Vec::new(),
            effects: Vec::new(),
            snapshots: Vec::new(),
            timed: Lifecycles::default(),
            max_depth: MAX_DEPTH,
            remembered: REMEMBERED,
        }
    }

    /// Registers a lifecycle: its events' schemas are compared with the log's when the bus opens, and
    /// its timers fire here, those of its states and those that policies set in its lives. One that is
    /// not registered is compared when it is first used, and its timers wait for a bus on which it is.
    pub fn register<L: Lifecycle>(mut self) -> Self {
        self.schemas.announce::<L>();
        self.timed.add::<L>();
        self
    }

    /// Adds a policy. Policies react in the order in which they were added, durable ones on their own.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policies.push(policy);
        self
    }

    /// Adds a projection: its rows change in the commit of the events it reads, or, if it
    /// [catches up](Projection::catch_up), behind them.
    pub fn projection(mut self, projection: Projection) -> Self {
        self.projections.push(projection);
        self
    }

    /// Adds a projection into [tables](crate::Tables) that the store keeps beside the log. It follows the
    /// log, as one that [catches up](Projection::catch_up).
    pub fn projection_in_tables(mut self, projection: ProjectionInTables) -> Self {
        self.in_tables.push(projection);
        self
    }

    /// Adds an effect: it follows the log, and acts outside the store.
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// Adds snapshots of a lifecycle: once for each that is to have them.
    pub fn snapshots(mut self, snapshots: Snapshots) -> Self {
        self.snapshots.push(snapshots);
        self
    }

    /// Sets where the time comes from at which events occur. Unless set, the machine's clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how deep policies may cause each other before a commit is refused as a loop. Unless
    /// set, 32: an event of a caller has depth 0, that of a policy one more than its cause, and an
    /// event at the bound must not be one that a policy reacts to. More than 65,536 events of
    /// policies in one commit are taken for a loop at any depth.
    pub const fn max_policy_depth(mut self, depth: u32) -> Self {
        self.max_depth = depth;
        self
    }

    /// Sets how many lives the bus remembers, those used last. Unless set, 1,024. A remembered life
    /// is loaded by reading only what is new.
    pub const fn remember(mut self, lives: usize) -> Self {
        self.remembered = lives;
        self
    }

    /// Takes the policies out again, for a test that puts on the log what happened before.
    #[cfg(feature = "testing")]
    pub(crate) fn without_policies(mut self) -> Self {
        self.policies.clear();
        self
    }

    /// Opens the bus.
    ///
    /// # Errors
    /// [`OpenError`] if an event that is registered or handled has another shape in the log or
    /// elsewhere on this bus, or one that is nested too deep; if tables stand beside another log; if an
    /// inline projection has the view of one that catches up; if two
    /// policies, two projections, two effects or two lifecycles with snapshots have one name, or one that
    /// cannot be a name or is of the library's own (`vitae.…`); if what follows the log handles no event; if
    /// a projection or an effect has two handlers for one kind of event; or if the store cannot be read.
    /// Nothing was written.
    pub fn open(self) -> Result<Bus, OpenError> {
        for policy in &self.policies {
            self.schemas.announce_handled(&policy.events);
        }
        for projection in &self.projections {
            self.schemas.announce_handled(&projection.events);
        }
        for projection in &self.in_tables {
            projection.require_log(self.store.log_id())?;
            self.schemas.announce_handled(&projection.events);
        }
        self.effects.iter().for_each(|effect| effect.announce(&self.schemas));
        self.schemas.check(self.store.as_ref())?;
        require_own("policies", self.policies.iter().map(|policy| &policy.name))?;
        let views = self.projections.iter().map(|projection| &projection.view);
        let in_tables = self.in_tables.iter().map(|projection| &projection.name);
        require_own("projections", views.chain(in_tables))?;
        require_own("effects", self.effects.iter().map(|effect| &effect.name))?;
        self.require_handlers()?;
        self.require_one_handler_each()?;
        let (durable, atomic): (Vec<_>, Vec<_>) =
            self.policies.into_iter().partition(|policy| policy.durable);
        let mut parts: Vec<Arc<dyn Part>> = Vec::new();
        for policy in durable {
            parts.push(Arc::new(DurablePolicy::new(policy)?));
        }
        let (following, inline): (Vec<_>, Vec<_>) =
            self.projections.into_iter().partition(|projection| projection.version.is_some());
        let mut catching_up = Vec::new();
        let following = following.into_iter().map(CatchUp::new);
        for part in following.chain(self.in_tables.into_iter().map(CatchUp::in_tables)) {
            let part = Arc::new(part?);
            catching_up.push(Arc::clone(&part));
            parts.push(part);
        }
        let unfired = Unfired::but_for(&self.timed);
        if let Some(timers) = self.timed.into_part() {
            parts.push(Arc::new(timers));
        }
        for effect in self.effects {
            parts.push(Arc::new(EffectPart::new(effect)?));
        }
        let home = Home { log: self.store.log_id(), clock: self.clock };
        let projections = Projections::new(inline)?;
        projections.require_own_rows(&*self.store)?;
        let inner = Inner {
            policies: Policies::new(atomic, self.max_depth)?,
            parts: Parts::new(parts),
            opened: self.store.head()?,
            projections,
            catching_up,
            snapshots: snapshots::Registry::new(self.snapshots)?,
            schemas: self.schemas,
            recent: Recent::new(self.remembered),
            spare: SparePage::default(),
            turns: Turns::default(),
            unfired,
            store: self.store,
            home,
        };
        Ok(Bus { inner: Arc::new(inner) })
    }

    /// Refuses what follows the log for nothing.
    fn require_handlers(&self) -> Result<(), OpenError> {
        let policies = self.policies.iter().filter(|policy| policy.durable);
        let policies = policies.map(|it| (PartKind::Policy, &it.name, &it.events));
        let views = self.projections.iter().filter(|projection| projection.version.is_some());
        let views = views.map(|it| (PartKind::Projection, &it.view, &it.events));
        let tables = self.in_tables.iter();
        let tables = tables.map(|it| (PartKind::Projection, &it.name, &it.events));
        let effects = self.effects.iter().map(|it| (PartKind::Effect, &it.name, &it.events));
        let mut all = policies.chain(views).chain(tables).chain(effects);
        match all.find(|(.., events)| events.is_empty()) {
            Some((part, name, _)) => Err(OpenError::HandlesNothing { part, name: name.clone() }),
            None => Ok(()),
        }
    }

    /// Refuses two handlers of one kind of event where only one would be asked: all of a policy's are.
    fn require_one_handler_each(&self) -> Result<(), OpenError> {
        let views = self.projections.iter();
        let views = views.map(|it| (PartKind::Projection, &it.view, &it.events));
        let tables = self.in_tables.iter();
        let tables = tables.map(|it| (PartKind::Projection, &it.name, &it.events));
        let effects = self.effects.iter().map(|it| (PartKind::Effect, &it.name, &it.events));
        for (part, name, events) in views.chain(tables).chain(effects) {
            let mut known = HashSet::new();
            for schemas in events {
                let Some(RegisteredSchema { kind, .. }) = schemas()?.pop() else { continue };
                if !known.insert(kind.clone()) {
                    return Err(OpenError::TwoHandlers { part, name: name.clone(), kind });
                }
            }
        }
        Ok(())
    }
}

/// Refuses two of a kind that have one name, whatever else they are, and one that has a name of the
/// library's own.
fn require_own<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a String>,
) -> Result<(), OpenError> {
    let mut known = HashSet::new();
    for text in names {
        let name = Name::new(text)?;
        if name.is_of_library() {
            return Err(OpenError::Reserved { what, name });
        }
        if !known.insert(text) {
            return Err(OpenError::Repeated { what, name });
        }
    }
    Ok(())
}
