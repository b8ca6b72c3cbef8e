//! What an agent reports, and the runs that it happens in.

use vitae::Aggregate;

use super::{Heard, SuperviseError, Supervisor};
use crate::UNKNOWN_AGENT;
use crate::hook::{Hook, HookEvent, RunHook, trigger_of_source};
use crate::request::{
    Decision, PermissionAsked, Request, RequestEvent, StopAsked, StopDecided, request_stream,
};
use crate::run::{
    Closed, Compacting, Notified, Place, Prompted, Run, RunClosed, RunOpened, RunStatus, Running,
    SubagentStarted, SubagentStopped, ToolFailed, ToolFinished, ToolStarted, Trigger, Unopened,
    run_stream,
};
use crate::session::{AgentEnded, AgentStarted, HookUnknown, Session};

/// The run that was open until now, if there was one, and the one that is open from now on.
type Further = (Option<Aggregate<Run, Closed>>, Aggregate<Run, Running>);

impl Supervisor {
    /// An agent reported something. What the agent session of a branch reports belongs to the branch.
    ///
    /// # Errors
    /// As [`start_workflow`](Self::start_workflow).
    pub fn hook(&self, id: &str, hook: Hook, heard: Heard) -> Result<(), SuperviseError> {
        self.of_agent(&hook.agent)?.own_hook(id, hook, heard)
    }

    fn own_hook(&self, id: &str, hook: Hook, heard: Heard) -> Result<(), SuperviseError> {
        let session = self.load::<Session>(&self.session, &heard)?;
        match hook.event {
            HookEvent::SessionStart { source, model } => {
                let said = AgentStarted {
                    session: self.session.clone(),
                    workflow: self.workflow_now(&session),
                    agent: hook.agent,
                    hook: id.to_owned(),
                    source,
                    model,
                };
                self.agent_started(session, said, heard)
            }
            HookEvent::SessionEnd { reason } => {
                let closed = self.close_run(&session, agent_of(&session), &heard)?;
                let ended = AgentEnded {
                    session: self.session.clone(),
                    workflow: self.workflow_now(&session),
                    agent: hook.agent,
                    hook: id.to_owned(),
                    reason,
                };
                self.commit((closed, session.record(ended)?), heard)
            }
            HookEvent::UserPromptSubmit { prompt } => self.prompted(&session, id, prompt, heard),
            HookEvent::Unknown { name, json } => {
                let unknown = HookUnknown {
                    session: self.session.clone(),
                    workflow: self.workflow_now(&session),
                    hook: id.to_owned(),
                    name,
                    json,
                };
                self.commit(session.record(unknown)?, heard)
            }
            HookEvent::InRun(event) => self.hook_in_run(id, event, &session, heard),
        }
    }

    /// An agent session is on the line: fresh, or with what it knew before, in a further run.
    fn agent_started(
        &self,
        session: Aggregate<Session>,
        said: AgentStarted,
        heard: Heard,
    ) -> Result<(), SuperviseError> {
        let Some(trigger) = trigger_of_source(&said.source) else {
            return self.commit(session.record(said)?, heard);
        };
        let (hook, agent) = (&said.hook, &said.agent);
        let (closed, opened) = self.further_run(&session, hook, agent, trigger, &heard)?;
        self.commit((closed, opened, session.record(said)?), heard)
    }

    /// A prompt opens a further run.
    fn prompted(
        &self,
        session: &Aggregate<Session>,
        id: &str,
        prompt: String,
        heard: Heard,
    ) -> Result<(), SuperviseError> {
        let (agent, trigger) = (agent_of(session), Trigger::UserPromptSubmit);
        let (closed, opened) = self.further_run(session, id, agent, trigger, &heard)?;
        let place = opened.state().place.clone();
        let prompted = opened.record(Prompted { place, hook: id.to_owned(), prompt })?;
        self.commit((closed, prompted), heard)
    }

    /// A hook that belongs to a run: the open one, or one that it opens.
    fn hook_in_run(
        &self,
        id: &str,
        event: RunHook,
        session: &Aggregate<Session>,
        heard: Heard,
    ) -> Result<(), SuperviseError> {
        let running = self.open_run(session, id, &heard)?;
        // A run can outlive the turn that it was opened in: the hook is of the turn it is heard in.
        let place = self.place(session, running.state().place.run);
        let actor = running.state().actor();
        let hook = id.to_owned();
        let running = match event {
            RunHook::PreToolUse { tool } => {
                running.record(ToolStarted { place, hook, actor, tool })?
            }
            RunHook::PostToolUse { tool, response } => {
                running.record(ToolFinished { place, hook, actor, tool, response })?
            }
            RunHook::PostToolUseFailure { tool, error, interrupted } => {
                running.record(ToolFailed { place, hook, actor, tool, error, interrupted })?
            }
            RunHook::SubagentStart { subagent, kind } => {
                running.record(SubagentStarted { place, hook, subagent, kind })?
            }
            RunHook::SubagentStop { subagent, message } => {
                running.record(SubagentStopped { place, hook, subagent, message })?
            }
            RunHook::Notification { message, kind } => {
                running.record(Notified { place, hook, message, kind })?
            }
            RunHook::PreCompact { trigger } => {
                running.record(Compacting { place, hook, trigger })?
            }
            RunHook::PermissionRequest { tool } => {
                let asked = PermissionAsked { place, request: hook, tool };
                return self.ask(running, id, asked, heard);
            }
            RunHook::Stop { message, again, stopped } => {
                let asked = StopAsked { place, request: hook, message, again };
                if stopped {
                    return self.stopped(running, asked, heard);
                }
                return self.ask(running, id, asked, heard);
            }
        };
        self.commit(running, heard)
    }

    /// A hook that waits for a decision.
    fn ask(
        &self,
        running: Aggregate<Run, Running>,
        id: &str,
        asked: impl Into<RequestEvent>,
        heard: Heard,
    ) -> Result<(), SuperviseError> {
        let request = self.load::<Request>(&request_stream(&self.session, id), &heard)?;
        self.commit((running, request.record(asked)?), heard)
    }

    /// A stop of an agent that nobody could have kept from it.
    fn stopped(
        &self,
        running: Aggregate<Run, Running>,
        asked: StopAsked,
        heard: Heard,
    ) -> Result<(), SuperviseError> {
        let request =
            self.load::<Request>(&request_stream(&self.session, &asked.request), &heard)?;
        let decided = StopDecided {
            place: asked.place.clone(),
            request: asked.request.clone(),
            source: "agent".to_owned(),
            decision: Decision::NoOpinion { reason: "it had stopped".to_owned() },
            counts: asked.message.is_none(),
        };
        self.commit((running, request.record(asked)?.record(decided)?), heard)
    }

    /// The open run, or a new one that this hook opens.
    fn open_run(
        &self,
        session: &Aggregate<Session>,
        hook: &str,
        heard: &Heard,
    ) -> Result<Aggregate<Run, Running>, SuperviseError> {
        let line = session.state().line();
        if line.run_is_open {
            let stream = run_stream(&self.session, line.runs);
            return Ok(self.load::<Run>(&stream, heard)?.at::<Running>()?);
        }
        self.new_run(session, hook, agent_of(session), Trigger::Other, heard)
    }

    /// Closes the open run, if there is one, and opens a further one.
    fn further_run(
        &self,
        session: &Aggregate<Session>,
        hook: &str,
        agent: &str,
        trigger: Trigger,
        heard: &Heard,
    ) -> Result<Further, SuperviseError> {
        let closed = self.close_run(session, agent, heard)?;
        let opened = self.new_run(session, hook, agent, trigger, heard)?;
        Ok((closed, opened))
    }

    fn new_run(
        &self,
        session: &Aggregate<Session>,
        hook: &str,
        agent: &str,
        trigger: Trigger,
        heard: &Heard,
    ) -> Result<Aggregate<Run, Running>, SuperviseError> {
        let run = session.state().line().runs.saturating_add(1);
        let unopened = self.load::<Run>(&run_stream(&self.session, run), heard)?;
        Ok(unopened.at::<Unopened>()?.record(RunOpened {
            place: self.place(session, run),
            hook: hook.to_owned(),
            run_id: format!("{agent}:R{run}"),
            agent: agent.to_owned(),
            trigger,
        })?)
    }

    /// A run of the session, and the workflow whose turn it is now.
    pub(super) fn place(&self, session: &Aggregate<Session>, run: u32) -> Place {
        Place { session: self.session.clone(), workflow: self.workflow_now(session), run }
    }

    fn close_run(
        &self,
        session: &Aggregate<Session>,
        agent: &str,
        heard: &Heard,
    ) -> Result<Option<Aggregate<Run, Closed>>, SuperviseError> {
        let line = session.state().line();
        if !line.run_is_open {
            return Ok(None);
        }
        let stream = run_stream(&self.session, line.runs);
        let running = self.load::<Run>(&stream, heard)?.at::<Running>()?;
        let place = running.state().place.clone();
        let status = RunStatus::Completed;
        Ok(Some(running.record(RunClosed { place, agent: agent.to_owned(), status })?))
    }
}

/// The agent session that is on the line.
fn agent_of(session: &Aggregate<Session>) -> &str {
    session.state().line().agent.as_deref().unwrap_or(UNKNOWN_AGENT)
}
