//! The `relay` lifecycle: something that a person is asked, on every channel at once.
//!
//! Owns who was asked what, that the first answer wins, and that the patience ends. Knows nothing of
//! requests and permissions: policies tell it when they move, and it them. What shows the
//! relays to people, and hears them, is [`outside`].

mod asking;
mod channels;
mod events;
pub mod outside;
mod policies;

pub use asking::{asked_for, question_id, question_of};
pub use channels::{
    Channels, ChannelsClosed, ChannelsOpened, ChannelsOpenedV1, ChannelsWithdrawn, Closed, Open,
};
pub use events::{
    Asked, RelayAnswered, RelayCancelled, RelayExpired, RelayOffered, RelayRequested, Reply,
};
pub use policies::{decisions_end_relays, permissions_are_relayed, relays_decide_requests};

use std::time::Duration;

use vitae::{Context, Lifecycle, Refusal, Timestamp};

use crate::run::Place;

/// Who opens the channels of `run` and `attend`: a session has one supervisor at a time.
pub const SUPERVISOR: &str = "supervisor";

/// A relay. It has the id of the request that it is about
/// ([`request_stream`](crate::request::request_stream)).
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "relay")]
pub enum Relay {
    /// Nothing was asked yet.
    #[state(initial)]
    #[on(RelayRequested => Requested)]
    Unasked,

    /// To be offered; no channel has it yet.
    #[on(RelayOffered => Relayed)]
    #[on(RelayAnswered if Requested::is_answered_by => Answered)]
    #[on(RelayCancelled => Cancelled, RelayExpired => Expired)]
    #[after(patience => RelayExpired)]
    Requested(Requested),

    /// One channel has it, or more.
    #[on(RelayOffered => Relayed)]
    #[on(RelayAnswered if Relayed::is_answered_by => Answered)]
    #[on(RelayCancelled => Cancelled, RelayExpired => Expired)]
    #[after(patience => RelayExpired)]
    Relayed(Relayed),

    /// Somebody has answered first.
    #[state(terminal)]
    Answered(Answered),

    /// There is nothing to answer any more.
    #[state(terminal)]
    Cancelled(Cancelled),

    /// Nobody has answered in time.
    #[state(terminal)]
    Expired(Expired),
}

/// What is asked, and where it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct Matter {
    pub place: Place,
    pub request: String,
    pub asked: Asked,
}

/// [`Relay::Requested`].
#[derive(Clone, Debug)]
pub struct Requested {
    /// What is asked.
    pub matter: Matter,
    /// Since when.
    pub since: Timestamp,
    /// How long an answer is waited for.
    pub patience: Duration,
}

/// [`Relay::Relayed`].
#[derive(Clone, Debug)]
pub struct Relayed {
    /// What is asked.
    pub matter: Matter,
    /// How much of the patience was left when the first channel had it.
    pub patience: Duration,
    /// The channels that have it, in the order in which they came to.
    pub channels: Vec<String>,
}

/// [`Relay::Answered`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct Answered {
    pub matter: Matter,
    pub channel: String,
    pub reply: Reply,
}

/// [`Relay::Cancelled`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct Cancelled {
    pub matter: Matter,
    pub why: String,
}

/// [`Relay::Expired`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the field says it")]
pub struct Expired {
    pub matter: Matter,
}

impl Relay {
    /// What is asked, if anything was.
    #[must_use]
    pub const fn matter(&self) -> Option<&Matter> {
        match self {
            Self::Unasked => None,
            Self::Requested(Requested { matter, .. })
            | Self::Relayed(Relayed { matter, .. })
            | Self::Answered(Answered { matter, .. })
            | Self::Cancelled(Cancelled { matter, .. })
            | Self::Expired(Expired { matter }) => Some(matter),
        }
    }

    /// Whether somebody may still answer.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        matches!(self, Self::Requested(_) | Self::Relayed(_))
    }

    /// How it ended, in words; `None` if it did not.
    #[must_use]
    pub fn ending(&self) -> Option<String> {
        match self {
            Self::Unasked | Self::Requested(_) | Self::Relayed(_) => None,
            Self::Answered(Answered { channel, reply, .. }) => {
                Some(format!("{reply}, said on `{channel}`"))
            }
            Self::Cancelled(Cancelled { why, .. }) => Some(why.clone()),
            Self::Expired(_) => Some("nobody answered in time".to_owned()),
        }
    }
}

impl Matter {
    fn of(event: &RelayRequested) -> Self {
        Self {
            place: event.place.clone(),
            request: event.request.clone(),
            asked: event.asked.clone(),
        }
    }

    /// A reply must be one to what was asked.
    fn is_answered_by(&self, reply: &Reply) -> Result<(), Refusal> {
        match (&self.asked, reply) {
            (Asked::Permission { .. }, Reply::Always) if self.place.workflow.is_none() => {
                Err(Refusal::new(
                    "it was asked outside any workflow, so in none can it always be allowed",
                ))
            }
            (Asked::Permission { .. }, Reply::Allow | Reply::Deny { .. } | Reply::Always) => Ok(()),
            (Asked::Permission { .. }, Reply::Text { .. }) => {
                Err(Refusal::new("it asks for leave: allow, deny, or always allow"))
            }
            (Asked::Question { choices, .. }, Reply::Text { text })
                if choices.is_empty() || choices.contains(text) =>
            {
                Ok(())
            }
            (Asked::Question { choices, .. }, _) if choices.is_empty() => {
                Err(Refusal::new("it is a question: answer with a text"))
            }
            (Asked::Question { choices, .. }, _) => {
                Err(Refusal::new(format!("the choices are: {}", choices.join(", "))))
            }
        }
    }
}

impl Requested {
    fn is_answered_by(&self, event: &RelayAnswered, _: &Context) -> Result<(), Refusal> {
        self.matter.is_answered_by(&event.reply)
    }
}

impl Relayed {
    fn is_answered_by(&self, event: &RelayAnswered, _: &Context) -> Result<(), Refusal> {
        self.matter.is_answered_by(&event.reply)
    }
}

impl Answered {
    fn of(matter: Matter, event: &RelayAnswered) -> Self {
        Self { matter, channel: event.channel.clone(), reply: event.reply.clone() }
    }
}

impl RelayTransitions for Relay {
    fn unasked_on_relay_requested(_: Unasked, event: &RelayRequested, at: &Context) -> Requested {
        let (since, patience) = (at.occurred_at(), event.patience);
        Requested { matter: Matter::of(event), since, patience }
    }

    fn requested_on_relay_offered(from: Requested, event: &RelayOffered, at: &Context) -> Relayed {
        // The patience is one, though the states that it spans are two.
        let spent = at.occurred_at().as_micros().saturating_sub(from.since.as_micros());
        let spent = Duration::from_micros(u64::try_from(spent).unwrap_or(0));
        let patience = from.patience.saturating_sub(spent);
        Relayed { matter: from.matter, patience, channels: vec![event.channel.clone()] }
    }

    fn requested_on_relay_answered(
        from: Requested,
        event: &RelayAnswered,
        _: &Context,
    ) -> Answered {
        Answered::of(from.matter, event)
    }

    fn requested_on_relay_cancelled(
        from: Requested,
        event: &RelayCancelled,
        _: &Context,
    ) -> Cancelled {
        Cancelled { matter: from.matter, why: event.why.clone() }
    }

    fn requested_on_relay_expired(from: Requested, _: &RelayExpired, _: &Context) -> Expired {
        Expired { matter: from.matter }
    }

    fn relayed_on_relay_offered(mut from: Relayed, event: &RelayOffered, _: &Context) -> Relayed {
        from.channels.push(event.channel.clone());
        from
    }

    fn relayed_on_relay_answered(from: Relayed, event: &RelayAnswered, _: &Context) -> Answered {
        Answered::of(from.matter, event)
    }

    fn relayed_on_relay_cancelled(from: Relayed, event: &RelayCancelled, _: &Context) -> Cancelled {
        Cancelled { matter: from.matter, why: event.why.clone() }
    }

    fn relayed_on_relay_expired(from: Relayed, _: &RelayExpired, _: &Context) -> Expired {
        Expired { matter: from.matter }
    }
}
