//! What happens to a relay, as it stands in the log.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vitae::{Event, Schema};

use crate::run::{Place, Tool};

/// What a person is asked.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub enum Asked {
    /// Leave to use a tool.
    Permission {
        /// The tool.
        tool: Tool,
    },
    /// A question.
    Question {
        /// The question.
        text: String,
        /// What can be answered; empty if it is any text.
        choices: Vec<String>,
    },
}

/// What a person replies.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// The tool may be used.
    Allow,
    /// It must not be used.
    Deny {
        /// What the agent is told.
        reason: Option<String>,
    },
    /// It may be used, now and for the rest of the workflow.
    Always,
    /// The answer to a question.
    Text {
        /// It.
        text: String,
    },
}

/// A person is to be asked, on every channel.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "relay.requested", tag = place.session, tag = place.workflow, tag = request)]
pub struct RelayRequested {
    /// Where it comes from.
    pub place: Place,
    /// The request.
    pub request: String,
    /// What is asked.
    pub asked: Asked,
    /// How long an answer is waited for.
    pub patience: Duration,
}

/// A channel has it: somebody there can answer.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "relay.offered", tag = place.session, tag = place.workflow, tag = request)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct RelayOffered {
    pub place: Place,
    pub request: String,
    pub channel: String,
}

/// Somebody has answered, before anybody else.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "relay.answered", tag = place.session, tag = place.workflow, tag = request)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct RelayAnswered {
    pub place: Place,
    pub request: String,
    pub channel: String,
    pub reply: Reply,
}

/// It was decided elsewhere, or does not matter any more.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "relay.cancelled", tag = place.session, tag = place.workflow, tag = request)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct RelayCancelled {
    pub place: Place,
    pub request: String,
    pub why: String,
}

/// Nobody has answered in time. A timer makes it, so what it is about stands in the state.
#[derive(Event, Serialize, Deserialize, Clone, Default, Debug)]
#[event(name = "relay.expired")]
pub struct RelayExpired {}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow => f.write_str("allowed"),
            Self::Deny { .. } => f.write_str("denied"),
            Self::Always => f.write_str("always allowed"),
            Self::Text { text } => write!(f, "\"{text}\""),
        }
    }
}
