//! What happens to the turns that are run again, as it stands in the log.

use serde::{Deserialize, Serialize};
use vitae::Event;

use super::{Denial, RetryPlan};

/// A workflow says which of its turns are run again.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "retry.planned", tag = session, tag = workflow)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct RetryPlanned {
    pub session: String,
    pub workflow: String,
    pub plan: RetryPlan,
}

/// A turn began. What was denied before it stands in its prompt; a further iteration counts anew.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "retry.turn", tag = session, tag = workflow)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct TurnWatched {
    pub session: String,
    pub workflow: String,
    pub iteration: u32,
}

/// The agent was denied a permission.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "retry.denied", tag = session, tag = workflow, tag = request)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct PermissionRefused {
    pub session: String,
    pub workflow: String,
    pub request: String,
    pub denial: Denial,
}

/// The turn is run again at once, since something was denied in it.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "retry.repeated", tag = session, tag = workflow)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct Repeated {
    pub session: String,
    pub workflow: String,
}

/// The turn is run again after a pause, since it crashed.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "retry.backed_off", tag = session, tag = workflow)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct BackedOff {
    pub session: String,
    pub workflow: String,
}

/// The pause is over. A timer makes it: the workflow is the stream's id.
#[derive(Event, Serialize, Deserialize, Clone, Default, Debug)]
#[event(name = "retry.due")]
pub struct RetryDue {}
