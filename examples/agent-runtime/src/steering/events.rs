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

/// The agent wanted to stop, and was told what waited. It waits on until the turn has ended: one that is
/// run again is told it with its prompt.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "steering.told", tag = session, tag = workflow, tag = request)]
pub struct Told {
    /// The session.
    pub session: String,
    /// The workflow run.
    pub workflow: String,
    /// The stop that was not granted.
    pub request: String,
    /// The last of the messages, by its number in the workflow, counted from 1.
    pub up_to: u32,
}

/// Messages wait no longer: a turn's prompt has them in it, or a turn has ended that was told them when it
/// wanted to stop.
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
