//! Why something that was heard could not be taken.

use vitae::{
    CommitError, CommitReason, DecideError, DecodeError, InvalidName, Lifecycle, LoadError,
    RecordError, RecordReason, Refusal, WrongState,
    store::{AppendError, ReadError},
};

/// Why something that was heard could not be taken. Nothing was written, unless the outcome of the
/// commit is said to be unknown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SuperviseError {
    /// There is no workflow that it could belong to.
    #[error("{what} without a workflow; start one first")]
    NoWorkflow {
        /// What was heard.
        what: &'static str,
    },
    /// The workflow is not looped, so it has no tracker.
    #[error("a tracker, but the workflow is not looped and has none")]
    NoTracker,
    /// A workflow is named that was never started in the session.
    #[error("workflow `{workflow}` was never started in this session")]
    UnknownWorkflow {
        /// The workflow run.
        workflow: String,
    },
    /// A workflow is over, and has no turn to come.
    #[error("workflow `{workflow}` is over")]
    WorkflowIsOver {
        /// The workflow run.
        workflow: String,
    },
    /// A run forks, but none is open.
    #[error("agent session `{agent}` has no open run that could fork")]
    NoOpenRun {
        /// The agent session.
        agent: String,
    },
    /// A branch is forked with an agent session that is not its own.
    #[error("agent session `{agent}` was heard before; a branch needs one of its own")]
    AgentHeardBefore {
        /// The agent session.
        agent: String,
    },
    /// A branch is named that nobody forked.
    #[error("agent session `{agent}` is no branch of session `{session}`")]
    UnknownBranch {
        /// The agent session.
        agent: String,
        /// The session.
        session: String,
    },
    /// A request is named that nobody raised.
    #[error("a decision for request `{request}`, which no hook has raised")]
    UnknownRequest {
        /// The request.
        request: String,
    },
    /// A request waits for no answer.
    #[error("request `{request}` waits for nobody: no hook has raised it, or it is over")]
    NotPending {
        /// The request.
        request: String,
    },
    /// An answer comes too late.
    #[error("request `{request}` is over: {how}")]
    Over {
        /// The request.
        request: String,
        /// How it ended.
        how: String,
    },
    /// An id stands for something else already.
    #[error("`{request}` was asked before, with another content; give this another id")]
    OtherPayload {
        /// The id.
        request: String,
    },
    /// An agent session is said to belong to another workflow than the one whose turn it was.
    #[error(
        "agent session `{agent}` is linked to workflow `{workflow}`, but it was heard {}",
        in_whose_turn(heard.as_deref())
    )]
    LinkDisagrees {
        /// The agent session.
        agent: String,
        /// The workflow that it is said to belong to.
        workflow: String,
        /// The workflow in whose turn it was heard, if any.
        heard: Option<String>,
    },
    /// It is not legal now.
    #[error(transparent)]
    Record(RecordReason<Refusal>),
    /// A life is not where it must be for this.
    #[error("`{life}` is in state `{state}`, where this cannot happen")]
    WrongState {
        /// The life.
        life: String,
        /// The state that it is in.
        state: &'static str,
    },
    /// A name in it cannot be a name.
    #[error("an id is not valid")]
    InvalidName(#[from] InvalidName),
    /// A life could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event of the log could not be read.
    #[error("an event of the log cannot be read")]
    Decode(#[from] DecodeError),
    /// It was not committed.
    #[error(transparent)]
    Commit(CommitReason),
    /// What becomes of a relay was not decided.
    #[error(transparent)]
    Decide(Box<DecideError<SuperviseError>>),
}

impl SuperviseError {
    /// Whether somebody else has moved the same life meanwhile.
    pub(super) const fn is_conflict(&self) -> bool {
        matches!(self, Self::Commit(CommitReason::Append(AppendError::Conflict { .. })))
    }
}

fn in_whose_turn(workflow: Option<&str>) -> String {
    workflow.map_or_else(
        || "outside any workflow".to_owned(),
        |workflow| format!("in a turn of `{workflow}`"),
    )
}

impl<A> From<RecordError<A, Refusal>> for SuperviseError {
    fn from(error: RecordError<A, Refusal>) -> Self {
        Self::Record(error.into_parts().1)
    }
}

impl<A> From<CommitError<A>> for SuperviseError {
    fn from(error: CommitError<A>) -> Self {
        Self::Commit(error.into_parts().1)
    }
}

impl<L: Lifecycle> From<WrongState<L>> for SuperviseError {
    fn from(error: WrongState<L>) -> Self {
        let aggregate = error.into_aggregate();
        Self::WrongState {
            life: aggregate.stream().to_string(),
            state: aggregate.state().state().name,
        }
    }
}
