//! Timers that a policy sets: an event of its own making, in a life of its choice, after a while.
//!
//! Owns what the policy wants to happen, which stands nowhere but in the timer's row. Never says that it
//! happens: the life may have left its state by then.

use std::time::Duration;

use super::PendingTimer;
use crate::bus::schemas::Schemas;
use crate::bus::{LoadError, Reaction, ReactionError};
use crate::lifecycle::{Lifecycle, LifecycleEvent};
use crate::name::Name;
use crate::number::KindVersion;
use crate::store::Commit;

/// What a policy has planned, and which of its timers it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Planned {
    pub(super) policy: Name,
    /// Which of those that the policy has set on the one event, from 0.
    pub(super) nth: u32,
    /// The version that the payload was written in.
    pub(super) version: KindVersion,
    pub(super) payload: Vec<u8>,
}

impl PendingTimer {
    /// Lets the log have the schema of what a policy has planned: a program in which the event has another
    /// shape is refused while the timer is pending, as it would be with the event on the log.
    pub(in crate::bus) fn add_schema(&self, schemas: &Schemas, commit: &mut Commit) {
        if let Some(planned) = &self.planned {
            schemas.add(commit, &self.kind, planned.version);
        }
    }
}

impl Reaction<'_> {
    /// Sets a timer: records an event in a life so long after the cause occurred, if the life has not left
    /// by then the state that it is in here. An edge that stays in the state leaves the timer alone, one
    /// that says `restart` ends it: as with `#[after(…)]`.
    ///
    /// The timer is set in the commit that the policy takes part in, or not at all. It fires once, on a
    /// bus that has the lifecycle [registered](crate::BusBuilder::register), late if there was none;
    /// what is due at once happens in a commit of its own. Its event has the same cause and correlation as
    /// what the policy records. Several of one policy, for the same life and event too, are several timers.
    ///
    /// The life may be one that has not begun. As with [`state`](Self::state), the commit is taken only if
    /// the life is then still as it was seen here.
    ///
    /// The event must be legal in the state that the life is in here; its guard is asked when it is due,
    /// and as long as it refuses the timer is tried again. Until then the event stands in a row of the
    /// view `vitae.timers` and nowhere else: an exported log does not have it. If the payload of the
    /// cause is erased, nothing comes of the timer any more.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::time::Duration;
    /// # use serde::{Deserialize, Serialize};
    /// # use vitae::{Bus, Event, Lifecycle, ManualClock, MemoryStore, Policy, Timestamp};
    /// # #[derive(Event, Serialize, Deserialize)]
    /// # #[event(name = "order.paid")]
    /// # struct Paid {}
    /// # #[derive(Event, Serialize, Deserialize)]
    /// # #[event(name = "survey.sent")]
    /// # struct Sent { about: String }
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
    /// # #[lifecycle(name = "survey")]
    /// # enum Survey {
    /// #     #[state(initial)]
    /// #     #[on(Sent => Asked)]
    /// #     Nothing,
    /// #     #[state(terminal)]
    /// #     Asked,
    /// # }
    /// # impl SurveyTransitions for Survey {}
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// const A_WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    ///
    /// let surveys = Policy::new("buyers-are-asked").on(|_: &Paid, order, then| {
    ///     let id = order.stream().id();
    ///     then.record_after::<Survey>(id, Sent { about: id.to_string() }, A_WEEK)?;
    ///     Ok(())
    /// });
    /// # let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
    /// let bus = Bus::builder(Arc::new(MemoryStore::new()))
    ///     .register::<Survey>()
    ///     .policy(surveys)
    /// #   .clock(clock.clone())
    ///     .open()?;
    ///
    /// bus.commit(bus.load::<Order>("7")?.record(Paid {})?)?;
    /// # bus.catch_up()?;
    /// # assert!(bus.load::<Survey>("7")?.version().is_none());
    /// # clock.set(Timestamp::from_micros(0).saturating_add(A_WEEK));
    /// // a week later:
    /// bus.catch_up()?;
    /// assert!(matches!(bus.load::<Survey>("7")?.state(), Survey::Asked));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ReactionError`], as [`record`](Self::record), except that no guard is asked.
    pub fn record_after<L: Lifecycle>(
        &mut self,
        id: impl AsRef<str>,
        event: impl Into<L::Event>,
        after: Duration,
    ) -> Result<(), ReactionError<L::Refusal>> {
        let event = event.into();
        let definition = event.definition();
        let (stream, since, payload) =
            self.working.look_at::<L, _>(self.inner, id.as_ref(), |life| {
                (life.draft.stream.clone(), life.draft.version_after(), life.planned(&event))
            })?;
        let planned = Planned {
            policy: self.policy.clone(),
            nth: self.planned_before(),
            version: KindVersion::new(definition.version).unwrap_or(KindVersion::FIRST),
            payload: payload.map_err(ReactionError::Record)?,
        };
        self.working.planned.push(PendingTimer {
            stream,
            kind: Name::from_static(definition.kind).map_err(LoadError::from)?,
            due: self.cause.occurred_at.saturating_add(after),
            set_by: self.cause.event_id,
            since,
            correlation: self.cause.correlation,
            planned: Some(planned),
        });
        Ok(())
    }

    /// How many timers the policy has set on this event already: they stand together.
    fn planned_before(&self) -> u32 {
        let last = self.working.planned.last();
        let last = last.filter(|last| last.set_by == self.cause.event_id);
        let last = last.and_then(|last| last.planned.as_ref());
        let ours = last.filter(|last| last.policy == *self.policy);
        ours.map_or(0, |last| last.nth.saturating_add(1))
    }
}
