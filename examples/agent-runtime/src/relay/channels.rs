//! The `channels` lifecycle: whether a session has people to ask, and how patient it is.
//!
//! It has the session's id. What its branches ask is offered there too. A supervisor that was killed
//! leaves it open, so that what is asked until the next one comes is offered then.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle};

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
    Open(Open),
}

/// [`Channels::Open`].
#[derive(Clone, Debug)]
pub struct Open {
    /// How long an answer is waited for.
    pub patience: Duration,
}

/// The session's channels were opened, perhaps others than before.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "channels.opened", tag = session)]
pub struct ChannelsOpened {
    /// The session.
    pub session: String,
    /// Their names.
    pub channels: Vec<String>,
    /// How long an answer is waited for.
    pub patience: Duration,
}

/// The session's channels were closed.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "channels.closed", tag = session)]
#[expect(missing_docs, reason = "the field says it")]
pub struct ChannelsClosed {
    pub session: String,
}

impl ChannelsTransitions for Channels {
    fn closed_on_channels_opened(_: Closed, event: &ChannelsOpened, _: &Context) -> Open {
        Open { patience: event.patience }
    }

    fn open_on_channels_opened(_: Open, event: &ChannelsOpened, _: &Context) -> Open {
        Open { patience: event.patience }
    }
}
