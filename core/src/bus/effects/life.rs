//! What is on the log of deliveries that did not go well: a lifecycle of the library's own.
//!
//! Owns its events and the order in which the events of one entity are delivered. Never holds a payload:
//! what is delivered is read where it stands.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::behind::Behind;
use crate::lifecycle::Context;
use crate::name::{Name, StreamId};
use crate::number::GlobalPosition;
use crate::time::Timestamp;

/// The namespace of the ids of these lives. It is for good, as is the form of what is named in it.
const LIVES: Uuid = Uuid::from_u128(0x0f2d_9b1e_63a7_4c58_9e0d_7a41_c86b_25f3);

/// The id of the life that belongs to an effect and a stream: of 36 bytes, however long their names are.
pub(super) fn life_of(effect: &Name, stream: &StreamId) -> String {
    // No name has a NUL in it: what differs in any part differs as a whole.
    let parts = [effect.as_str(), stream.category().as_str(), stream.id().as_str()];
    Uuid::new_v5(&LIVES, parts.join("\0").as_bytes()).to_string()
}

/// An [effect](crate::Effect) was tried on an event and failed. It will be tried again.
///
/// This and the other events of effects stand in the category `vitae.effect`, a stream for each effect
/// and stream that it acts on. Policies and projections may handle them.
#[derive(vitae_macros::Event, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[event(name = "vitae.effect.failed", version = 1, tag = effect, crate = crate)]
pub struct EffectFailed {
    /// The effect's name.
    pub effect: String,
    /// The category of the event's stream.
    pub category: String,
    /// The id of the event's stream.
    pub stream: String,
    /// The event's position.
    pub position: u64,
    /// The event's kind.
    pub kind: String,
    /// The number of the try, counted from 1.
    pub attempt: u32,
    /// What went wrong, 1,024 bytes of it at the most.
    pub error: String,
    /// When it is tried again, in microseconds since the Unix epoch.
    pub next_try: i64,
}

/// An [effect](crate::Effect) was tried on an event as often as it may be, and is parked until somebody
/// decides what becomes of it ([`ParkedEvents`](crate::ParkedEvents)).
#[derive(vitae_macros::Event, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[event(name = "vitae.effect.parked", version = 1, tag = effect, crate = crate)]
pub struct EffectParked {
    /// The effect's name.
    pub effect: String,
    /// The category of the event's stream.
    pub category: String,
    /// The id of the event's stream.
    pub stream: String,
    /// The event's position.
    pub position: u64,
    /// The event's kind.
    pub kind: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong the last time, 1,024 bytes of it at the most.
    pub error: String,
}

/// An event waits, because an earlier one of its stream was not delivered yet.
#[derive(vitae_macros::Event, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[event(name = "vitae.effect.held", version = 1, crate = crate)]
pub struct EffectHeld {
    /// The position of the event that waits.
    pub position: u64,
}

/// An event that had failed, or waited, was delivered.
#[derive(vitae_macros::Event, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[event(name = "vitae.effect.delivered", version = 1, crate = crate)]
pub struct EffectDelivered {
    /// The event's position.
    pub position: u64,
    /// The number of the try, counted from 1.
    pub attempt: u32,
}

/// Somebody had a parked event tried anew.
#[derive(vitae_macros::Event, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[event(name = "vitae.effect.retried", version = 1, crate = crate)]
pub struct EffectRetried {
    /// The event's position.
    pub position: u64,
}

/// Somebody gave a parked event up: it is not tried any more.
#[derive(vitae_macros::Event, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[event(name = "vitae.effect.given_up", version = 1, crate = crate)]
pub struct EffectGivenUp {
    /// The event's position.
    pub position: u64,
    /// Why, in the words of who did it.
    pub reason: String,
}

/// What was set aside of one stream for one effect. Without an event, or with nothing left, everything
/// was delivered that the effect has come to.
#[derive(vitae_macros::Lifecycle, Debug)]
#[lifecycle(name = "vitae.effect", crate = crate)]
pub(super) enum SetAside {
    /// What there is will be tried when its time comes.
    #[state(initial)]
    #[on(EffectFailed as Failed => Waiting, EffectHeld as Held => Waiting)]
    #[on(EffectDelivered as Delivered => Waiting, EffectParked as Parked => Parked)]
    Waiting(Waiting),

    /// Nothing is tried until somebody says so.
    #[on(EffectHeld as Held => Parked, EffectRetried as Retried => Waiting, EffectGivenUp as GivenUp => Waiting)]
    Parked(Parked),
}

#[derive(Clone, Default, Debug)]
pub(super) struct Waiting {
    pub(super) next: Option<Due>,
    behind: Behind,
}

/// What is tried next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Due {
    pub(super) position: GlobalPosition,
    pub(super) failures: u32,
    pub(super) at: Timestamp,
}

#[derive(Clone, Debug)]
pub(super) struct Parked {
    pub(super) event: EffectParked,
    pub(super) since: Timestamp,
    pub(super) behind: Behind,
}

impl Waiting {
    /// With the first of them tried at a time.
    fn from_first(mut behind: Behind, at: Timestamp) -> Self {
        let next = behind.pop().map(|position| Due { position, failures: 0, at });
        Self { next, behind }
    }
}

impl SetAsideTransitions for SetAside {
    fn waiting_on_failed(from: Waiting, event: &EffectFailed, _: &Context) -> Waiting {
        let at = Timestamp::from_micros(event.next_try);
        let due = |position| Due { position, failures: event.attempt, at };
        Waiting { next: GlobalPosition::new(event.position).map(due), ..from }
    }

    fn waiting_on_held(mut from: Waiting, event: &EffectHeld, _: &Context) -> Waiting {
        GlobalPosition::new(event.position).inspect(|position| from.behind.push(*position));
        from
    }

    fn waiting_on_delivered(from: Waiting, _: &EffectDelivered, context: &Context) -> Waiting {
        Waiting::from_first(from.behind, context.occurred_at())
    }

    fn waiting_on_parked(from: Waiting, event: &EffectParked, context: &Context) -> Parked {
        Parked { event: event.clone(), since: context.occurred_at(), behind: from.behind }
    }

    fn parked_on_held(mut from: Parked, event: &EffectHeld, _: &Context) -> Parked {
        GlobalPosition::new(event.position).inspect(|position| from.behind.push(*position));
        from
    }

    fn parked_on_retried(from: Parked, event: &EffectRetried, context: &Context) -> Waiting {
        let due = |position| Due { position, failures: 0, at: context.occurred_at() };
        Waiting { next: GlobalPosition::new(event.position).map(due), behind: from.behind }
    }

    fn parked_on_given_up(from: Parked, _: &EffectGivenUp, context: &Context) -> Waiting {
        Waiting::from_first(from.behind, context.occurred_at())
    }
}
