//! What happens to messages, as it stands in the log.

use serde::{Deserialize, Serialize};
use vitae::Event;

/// Somebody has a message for the agent.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "steering.queued", tag = session, tag = workflow)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct Queued {
    pub session: String,
    pub workflow: String,
    pub text: String,
}

/// A turn's prompt has messages in it.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "steering.taken", tag = session, tag = workflow)]
pub struct Taken {
    /// The session.
    pub session: String,
    /// The workflow run.
    pub workflow: String,
    /// The last of them, by its number in the workflow, counted from 1.
    pub up_to: u32,
}
