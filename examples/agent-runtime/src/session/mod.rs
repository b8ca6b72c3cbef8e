//! The `session` lifecycle: what the supervisor hears, and whom it belongs to.
//!
//! Owns which agent session is on the line, how many runs there were, and whether a workflow's turn
//! is under way. Knows nothing of what runs and workflows do: policies tell it when they move.

mod events;

pub use events::{
    AgentEnded, AgentLinked, AgentStarted, BranchOver, Branched, DecisionIgnored, HookUnknown,
    RunNoted, RunOver, TurnBegan, TurnOver, WorkflowBegan, WorkflowOver,
};

use vitae::{Context, Lifecycle, Refusal};

use crate::branches::root_of_branch;
use crate::import::{AgentImported, DecisionImported, RowKept, SessionImported};

/// How deep branches may nest. All of them end in the commit in which the first one does.
pub const MAX_DEPTH: u32 = 8;

/// A supervised session, from the first hook on. It never ends: it can always be resumed.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "session")]
pub enum Session {
    /// No workflow's turn is under way: what the agent does, it does for a person.
    #[state(initial)]
    #[on(WorkflowBegan => Interactive, WorkflowOver => Interactive, TurnBegan => Working)]
    #[on(AgentStarted => Interactive, AgentEnded => Interactive, AgentLinked => Interactive)]
    #[on(RunNoted => Interactive, RunOver => Interactive)]
    #[on(HookUnknown => Interactive, DecisionIgnored => Interactive)]
    #[on(SessionImported => Interactive, AgentImported => Interactive)]
    #[on(DecisionImported => Interactive, RowKept => Interactive)]
    #[on(Branched if Interactive::may_be_a_branch => Interactive, BranchOver => Interactive)]
    Interactive(Interactive),

    /// A workflow's turn is under way: what the agent does, it does for the workflow.
    #[on(TurnOver => Interactive, BranchOver => Interactive)]
    #[on(AgentStarted => Working, AgentEnded => Working, AgentLinked => Working)]
    #[on(RunNoted => Working, RunOver => Working)]
    #[on(HookUnknown => Working, DecisionIgnored => Working)]
    Working(Working),
}

/// Between turns.
#[derive(Clone, Debug, Default)]
pub struct Interactive {
    /// Who is on the line.
    pub line: Line,
    /// The workflow whose next turn may begin.
    pub workflow: Option<String>,
}

/// In a turn.
#[derive(Clone, Debug)]
pub struct Working {
    /// Who is on the line.
    pub line: Line,
    /// The workflow whose turn it is.
    pub workflow: String,
}

/// Who is on the line.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// The agent session that started last.
    pub agent: Option<String>,
    /// How many runs were opened.
    pub runs: u32,
    /// Whether the last of them is still open.
    pub run_is_open: bool,
    /// Where it branched off, if it is a branch.
    pub origin: Option<Origin>,
}

/// Where a branch comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The session that it descends from, over however many forks: the one that people look after.
    pub root: String,
    /// The id of the stream of the run that forked it.
    pub parent: String,
    /// How many forks deep it is, counted from 1.
    pub depth: u32,
}

impl Session {
    /// Who is on the line.
    #[must_use]
    pub const fn line(&self) -> &Line {
        match self {
            Self::Interactive(state) => &state.line,
            Self::Working(state) => &state.line,
        }
    }

    /// The workflow that what is heard now belongs to.
    #[must_use]
    pub fn workflow(&self) -> Option<&str> {
        match self {
            Self::Interactive(_) => None,
            Self::Working(state) => Some(&state.workflow),
        }
    }
}

impl Interactive {
    /// A branch is a session that nothing was heard of.
    fn may_be_a_branch(&self, event: &Branched, _: &Context) -> Result<(), Refusal> {
        if self.line.agent.is_some() || self.line.runs > 0 || self.workflow.is_some() {
            return Err(Refusal::new("a branch needs an agent session of its own"));
        }
        if event.depth > MAX_DEPTH {
            return Err(Refusal::new(format!("branches nest {MAX_DEPTH} deep at most")));
        }
        Ok(())
    }
}

impl Line {
    fn started(mut self, event: &AgentStarted) -> Self {
        self.agent = Some(event.agent.clone());
        self
    }

    fn noted(mut self, event: &RunNoted) -> Self {
        self.runs = event.run;
        self.run_is_open = true;
        self
    }

    const fn over(mut self) -> Self {
        self.run_is_open = false;
        self
    }
}

impl SessionTransitions for Session {
    fn interactive_on_workflow_began(
        from: Interactive,
        event: &WorkflowBegan,
        _: &Context,
    ) -> Interactive {
        Interactive { workflow: Some(event.workflow.clone()), ..from }
    }

    fn interactive_on_workflow_over(
        from: Interactive,
        event: &WorkflowOver,
        _: &Context,
    ) -> Interactive {
        // Of two that were imported, the later one may have begun before the earlier one ended.
        let workflow = from.workflow.filter(|workflow| *workflow != event.workflow);
        Interactive { workflow, ..from }
    }

    fn interactive_on_turn_began(from: Interactive, event: &TurnBegan, _: &Context) -> Working {
        Working { line: from.line, workflow: event.workflow.clone() }
    }

    fn working_on_turn_over(from: Working, _: &TurnOver, _: &Context) -> Interactive {
        Interactive { line: from.line, workflow: Some(from.workflow) }
    }

    fn interactive_on_agent_started(
        from: Interactive,
        event: &AgentStarted,
        _: &Context,
    ) -> Interactive {
        Interactive { line: from.line.started(event), ..from }
    }

    fn working_on_agent_started(from: Working, event: &AgentStarted, _: &Context) -> Working {
        Working { line: from.line.started(event), ..from }
    }

    fn interactive_on_run_noted(from: Interactive, event: &RunNoted, _: &Context) -> Interactive {
        Interactive { line: from.line.noted(event), ..from }
    }

    fn working_on_run_noted(from: Working, event: &RunNoted, _: &Context) -> Working {
        Working { line: from.line.noted(event), ..from }
    }

    fn interactive_on_run_over(from: Interactive, _: &RunOver, _: &Context) -> Interactive {
        Interactive { line: from.line.over(), ..from }
    }

    fn working_on_run_over(from: Working, _: &RunOver, _: &Context) -> Working {
        Working { line: from.line.over(), ..from }
    }

    fn interactive_on_branched(from: Interactive, event: &Branched, _: &Context) -> Interactive {
        let root = root_of_branch(&event.session, &event.agent).to_owned();
        let origin = Origin { root, parent: event.parent.clone(), depth: event.depth };
        let agent = Some(event.agent.clone());
        Interactive { line: Line { agent, origin: Some(origin), ..from.line }, ..from }
    }

    fn working_on_branch_over(from: Working, _: &BranchOver, _: &Context) -> Interactive {
        Interactive { line: from.line, workflow: None }
    }

    // What follows is heard and kept, and changes nothing.

    fn interactive_on_branch_over(from: Interactive, _: &BranchOver, _: &Context) -> Interactive {
        from
    }

    fn interactive_on_session_imported(
        from: Interactive,
        _: &SessionImported,
        _: &Context,
    ) -> Interactive {
        from
    }

    fn interactive_on_agent_imported(
        from: Interactive,
        _: &AgentImported,
        _: &Context,
    ) -> Interactive {
        from
    }

    fn interactive_on_decision_imported(
        from: Interactive,
        _: &DecisionImported,
        _: &Context,
    ) -> Interactive {
        from
    }

    fn interactive_on_row_kept(from: Interactive, _: &RowKept, _: &Context) -> Interactive {
        from
    }

    fn interactive_on_agent_ended(from: Interactive, _: &AgentEnded, _: &Context) -> Interactive {
        from
    }

    fn working_on_agent_ended(from: Working, _: &AgentEnded, _: &Context) -> Working {
        from
    }

    fn interactive_on_agent_linked(from: Interactive, _: &AgentLinked, _: &Context) -> Interactive {
        from
    }

    fn working_on_agent_linked(from: Working, _: &AgentLinked, _: &Context) -> Working {
        from
    }

    fn interactive_on_hook_unknown(from: Interactive, _: &HookUnknown, _: &Context) -> Interactive {
        from
    }

    fn working_on_hook_unknown(from: Working, _: &HookUnknown, _: &Context) -> Working {
        from
    }

    fn interactive_on_decision_ignored(
        from: Interactive,
        _: &DecisionIgnored,
        _: &Context,
    ) -> Interactive {
        from
    }

    fn working_on_decision_ignored(from: Working, _: &DecisionIgnored, _: &Context) -> Working {
        from
    }
}
