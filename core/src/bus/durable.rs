//! Durable policies: whenever this event, then that lifecycle moves, in a commit of its own.
//!
//! Owns how events of the log become events of other lives. Their commit moves the policy's checkpoint,
//! so that inside the store each event has its effect once.

use std::collections::HashMap;

use super::parts::{
    Contexts, Follower, Part, PartError, PartKind, Prepared, Step, Stop, Stopped, guarded,
    until_stopped,
};
use super::policy::{Handler, Policy, Reaction};
use super::working::Working;
use super::{Inner, OpenError, sight};
use crate::id::CommitId;
use crate::name::Name;
use crate::number::GlobalPosition;
use crate::store::{EventRef, Query, ReadError};

/// The most events whose effects are one commit: many, as each commit waits for the disk; not more, as
/// it is put together anew when one of the lives in it was moved meanwhile.
const BATCH: usize = 64;

pub(super) struct DurablePolicy {
    name: Name,
    handlers: HashMap<&'static str, Vec<Handler>>,
    follower: Follower,
}

impl DurablePolicy {
    pub(super) fn new(policy: Policy) -> Result<Self, OpenError> {
        let name = Name::new(policy.name)?;
        let mut handlers: HashMap<_, Vec<_>> = HashMap::new();
        for (kind, handler) in policy.handlers {
            handlers.entry(kind).or_default().push(handler);
        }
        let kinds = handlers.keys().filter_map(|kind| Name::from_static(kind).ok());
        let query = Query::kinds(kinds);
        let checkpoint = Name::new(format!("policy/{name}"))?;
        let follower = Follower::new(checkpoint, query, policy.start, BATCH);
        Ok(Self { name, handlers, follower })
    }

    fn prepare<'p>(
        &self,
        inner: &'p Inner,
        events: &[EventRef<'_>],
        stop: Stop<'_>,
    ) -> Result<Prepared<'p>, Stopped> {
        let mut working = Working::of_nobody(CommitId::generate());
        let mut contexts = Contexts::default();
        let mut dealt = 0;
        for (at, event) in until_stopped(events, stop) {
            self.react(inner, event, &mut contexts, &mut working)
                .map_err(|error| Stopped { at, error })?;
            dealt = at + 1;
        }
        let commit = inner.complete(&mut working).map_err(|source| {
            // Whose event it was is not known: all but the first are tried without it.
            let position = events.first().map_or(GlobalPosition::FIRST, EventRef::position);
            let error = PartError::Commit { position, source: Box::new(source) };
            Stopped { at: dealt / 2, error }
        })?;
        Ok(Prepared::of(commit, move |_| working.remember(inner)).of_first(dealt))
    }

    fn react(
        &self,
        inner: &Inner,
        event: &EventRef<'_>,
        contexts: &mut Contexts,
        working: &mut Working,
    ) -> Result<(), PartError> {
        // An erased payload says nothing any more, so nothing can come of it.
        let Ok(payload) = event.payload() else {
            return Ok(());
        };
        let context = contexts.of(event)?;
        let _span = sight::handling(PartKind::Policy, &self.name, event.kind(), context);
        let at = inner.home.clock.now();
        let version = event.kind_version().get();
        for handler in self.handlers.get(event.kind()).into_iter().flatten() {
            let policy = &self.name;
            let mut reaction = Reaction { working, inner, policy, cause: context, at, depth: 0 };
            guarded(|| handler(version, payload, context, &mut reaction))
                .map_err(|source| PartError::of_handler(event, source))?;
        }
        Ok(())
    }
}

impl Part for DurablePolicy {
    fn kind(&self) -> PartKind {
        PartKind::Policy
    }

    fn name(&self) -> &Name {
        &self.name
    }

    fn step(&self, inner: &Inner, stop: Stop<'_>) -> Result<Step, PartError> {
        self.follower.step(inner, |_, events| self.prepare(inner, events, stop))
    }

    fn position(&self, inner: &Inner) -> Result<Option<GlobalPosition>, ReadError> {
        self.follower.position(inner)
    }

    fn seen(&self, _: &Inner) -> Option<GlobalPosition> {
        self.follower.seen()
    }
}
