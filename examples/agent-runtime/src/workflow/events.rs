//! What happens to a workflow, as it stands in the log.

use serde::{Deserialize, Serialize};
use vitae::Event;

use super::{Exit, Outcome, Tokens, Tracker};

/// A workflow was started.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.start", tag = session, tag = workflow)]
pub struct Started {
    /// The session it runs in.
    pub session: String,
    /// The workflow run.
    pub workflow: String,
    /// The workflow's name.
    pub name: String,
    /// What the person asked for.
    pub prompt: String,
    /// The most turns; 1 if it is not looped.
    pub max_iterations: u32,
    /// Where its tracker is, if it is looped.
    pub tracker_path: Option<String>,
}

/// A workflow of the reference system was taken over from its file, which does not say what its
/// turns were. It happened when the workflow started; how it ended is told as of any other.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(
    name = "workflow.imported",
    version = 2,
    upcast = ImportedV1,
    tag = session,
    tag = workflow
)]
pub struct Imported {
    /// The session it ran in.
    pub session: String,
    /// The workflow run: its id in the file.
    pub workflow: String,
    /// The workflow's name, if the file has one.
    pub name: Option<String>,
    /// How many turns there were by the time of the import.
    pub iterations: u32,
    /// The most turns.
    pub max_iterations: u32,
    /// Where its tracker is, if it is looped.
    pub tracker_path: Option<String>,
}

/// [`Imported`] as it was told before: without a name, the name was empty.
#[derive(Event, Serialize, Deserialize)]
#[event(name = "workflow.imported", tag = session, tag = workflow)]
pub struct ImportedV1 {
    session: String,
    workflow: String,
    name: String,
    iterations: u32,
    max_iterations: u32,
    tracker_path: Option<String>,
}

impl From<ImportedV1> for Imported {
    fn from(earlier: ImportedV1) -> Self {
        Self {
            session: earlier.session,
            workflow: earlier.workflow,
            name: Some(earlier.name).filter(|name| !name.is_empty()),
            iterations: earlier.iterations,
            max_iterations: earlier.max_iterations,
            tracker_path: earlier.tracker_path,
        }
    }
}

/// An imported workflow goes on here. It is told what its file did not hold.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.taken_up", tag = session, tag = workflow)]
pub struct TakenUp {
    /// The session.
    pub session: String,
    /// The workflow run.
    pub workflow: String,
    /// What the person asks for.
    pub prompt: String,
}

/// The tracker file was looked at.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.tracker", tag = session, tag = workflow, tag = tracker_path)]
pub struct TrackerSeen {
    /// The session.
    pub session: String,
    /// The workflow run.
    pub workflow: String,
    /// Where the file is.
    pub tracker_path: String,
    /// What it says.
    pub tracker: Tracker,
}

/// A turn began: a fresh agent process with a prompt.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.turn", tag = session, tag = workflow)]
pub struct TurnStarted {
    /// The session.
    pub session: String,
    /// The workflow run.
    pub workflow: String,
    /// Which turn it is, counted from 1.
    pub iteration: u32,
    /// The prompt.
    pub prompt: String,
}

/// A run was opened for the turn.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.run", tag = session, tag = workflow)]
pub struct RunJoined {
    /// The session.
    pub session: String,
    /// The workflow run.
    pub workflow: String,
    /// The run.
    pub run: String,
}

/// The user cancelled the workflow. It takes effect when the turn ends.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.cancel", tag = session, tag = workflow)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct CancelRequested {
    pub session: String,
    pub workflow: String,
}

/// A turn is over.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.iteration", tag = session, tag = workflow)]
pub struct IterationCompleted {
    /// The session.
    pub session: String,
    /// The workflow run.
    pub workflow: String,
    /// Which turn it was, counted from 1.
    pub iteration: u32,
    /// How the agent process ended.
    pub exit: Exit,
    /// What it used.
    pub used: Tokens,
    /// What the workflow has used so far: a cancelled turn does not count.
    pub total: Tokens,
}

/// The turn that is over is to be run again, as the same iteration.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.repeat", tag = session, tag = workflow)]
pub struct RepeatGranted {
    /// The session.
    pub session: String,
    /// The workflow run.
    pub workflow: String,
    /// The turn.
    pub iteration: u32,
    /// Why.
    pub reason: String,
}

/// Somebody wants to look after the workflow. It takes effect when the turn ends.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.suspend", tag = session, tag = workflow)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct SuspendRequested {
    pub session: String,
    pub workflow: String,
    pub reason: String,
}

/// The workflow waits until somebody has looked.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.suspended", tag = session, tag = workflow)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct Suspended {
    pub session: String,
    pub workflow: String,
    pub reason: String,
}

/// Somebody has looked; the workflow goes on where it was.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.attention", tag = session, tag = workflow)]
pub struct AttentionGiven {
    /// The session.
    pub session: String,
    /// The workflow run.
    pub workflow: String,
    /// What the agent is told in its next prompt.
    pub answer: Option<String>,
}

/// It is decided how the workflow ends.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.transition", tag = session, tag = workflow)]
pub struct WrappingUp {
    /// The session.
    pub session: String,
    /// The workflow run.
    pub workflow: String,
    /// How it ends.
    pub outcome: Outcome,
}

/// The workflow has ended.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.end", tag = session, tag = workflow)]
pub struct Ended {
    /// The session.
    pub session: String,
    /// The workflow run.
    pub workflow: String,
    /// How it ended.
    pub outcome: Outcome,
}
