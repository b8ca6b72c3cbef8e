//! The `channels` lifecycle: whether a session has people to ask, and how patient they are.
//!
//! It has the session's id. What its branches ask is offered there too. Several programs may open channels
//! of a session, each under a name; who closes, closes their own. A supervisor that was killed leaves them
//! open, so that what is asked until the next one comes is offered then.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle, Refusal};

/// The channels of a session.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "channels")]
pub enum Channels {
    /// Nobody can be asked: requests wait for whoever decides them otherwise.
    #[state(initial)]
    #[on(ChannelsOpened => Open)]
    Closed,

    /// What is asked is relayed.
    #[on(ChannelsOpened => Open, ChannelsClosed => Closed)]
    #[on(ChannelsWithdrawn if Open::has_others => Open)]
    Open(Open),
}

/// [`Channels::Open`].
#[derive(Clone, Debug)]
pub struct Open {
    /// Who has opened some, and how long these wait for an answer; who did last is last.
    openers: Vec<(String, Duration)>,
}

/// A program has opened channels of a session: all of its own, whatever it had open before.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "channels.opened", version = 2, upcast = ChannelsOpenedV1, tag = session)]
pub struct ChannelsOpened {
    /// The session.
    pub session: String,
    /// What the program is, which no other one of the session is at the same time.
    pub opener: String,
    /// Their names.
    pub channels: Vec<String>,
    /// How long an answer is waited for.
    pub patience: Duration,
}

/// [`ChannelsOpened`], when whoever closed channels closed all of them.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "channels.opened", version = 1, tag = session)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct ChannelsOpenedV1 {
    pub session: String,
    pub channels: Vec<String>,
    pub patience: Duration,
}

/// A program has closed its channels, and others are open.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "channels.withdrawn", tag = session)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct ChannelsWithdrawn {
    pub session: String,
    pub opener: String,
}

/// The last channels of the session were closed.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "channels.closed", tag = session)]
#[expect(missing_docs, reason = "the field says it")]
pub struct ChannelsClosed {
    pub session: String,
}

impl From<ChannelsOpenedV1> for ChannelsOpened {
    fn from(earlier: ChannelsOpenedV1) -> Self {
        let ChannelsOpenedV1 { session, channels, patience } = earlier;
        // Most were a supervisor's; and it closes what it is taken to have opened, as it did then.
        Self { session, opener: super::SUPERVISOR.to_owned(), channels, patience }
    }
}

impl Open {
    /// How long an answer is waited for: as long as whoever opened channels last wants it to be.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.openers.last().map_or(Duration::ZERO, |(_, patience)| *patience)
    }

    /// Whether this program has channels open.
    #[must_use]
    pub fn has(&self, opener: &str) -> bool {
        self.openers.iter().any(|(name, _)| name == opener)
    }

    /// Whether another program has.
    #[must_use]
    pub fn has_other_than(&self, opener: &str) -> bool {
        self.openers.iter().any(|(name, _)| name != opener)
    }

    fn has_others(&self, event: &ChannelsWithdrawn, _: &Context) -> Result<(), Refusal> {
        let refusal = || Refusal::new("no other channels are open; these are to be closed");
        self.has_other_than(&event.opener).then_some(()).ok_or_else(refusal)
    }

    fn without(mut self, opener: &str) -> Self {
        self.openers.retain(|(name, _)| name != opener);
        self
    }

    fn with(self, event: &ChannelsOpened) -> Self {
        let mut open = self.without(&event.opener);
        open.openers.push((event.opener.clone(), event.patience));
        open
    }
}

impl ChannelsTransitions for Channels {
    fn closed_on_channels_opened(_: Closed, event: &ChannelsOpened, _: &Context) -> Open {
        Open { openers: Vec::new() }.with(event)
    }

    fn open_on_channels_opened(from: Open, event: &ChannelsOpened, _: &Context) -> Open {
        from.with(event)
    }

    fn open_on_channels_withdrawn(from: Open, event: &ChannelsWithdrawn, _: &Context) -> Open {
        from.without(&event.opener)
    }
}
