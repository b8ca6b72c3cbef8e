//! What an agent reports, and the runs that it happens in.

use vitae::Aggregate;

use super::{Heard, SuperviseError, Supervisor};
use crate::UNKNOWN_AGENT;
use crate::hook::{Hook, HookEvent, trigger_of_source};
use crate::request::{PermissionAsked, Request, StopAsked, request_stream};
use crate::run::{
    Closed, Compacting, Notified, Place, Prompted, Run, RunClosed, RunOpened, RunStatus, Running,
    SubagentStarted, SubagentStopped, ToolFailed, ToolFinished, ToolStarted, Trigger, Unopened,
    run_stream,
};
use crate::session::{AgentEnded, AgentStarted, HookUnknown, Session};

impl Supervisor {
    /// An agent reported something.
    ///
    /// # Errors
    /// As [`start_workflow`](Self::start_workflow).
    pub fn hook(&self, id: &str, hook: Hook, heard: Heard) -> Result<(), SuperviseError> {
        let session = self.load::<Session>(&self.session, &heard)?;
        let workflow = session.state().workflow().map(str::to_owned);
        let Hook { agent, event } = hook;
        match event {
            HookEvent::SessionStart { source, model } => {
                let (closed, opened) = match trigger_of_source(&source) {
                    Some(trigger) => self.further_run(&session, id, &agent, trigger, &heard)?,
                    None => (None, None),
                };
                let session_id = self.session.clone();
                let hook = id.to_owned();
                let started = AgentStarted {
                    session: session_id,
                    workflow,
                    agent,
                    hook,
                    source,
                    model,
                };
                self.commit((closed, opened, session.record(started)?), heard)
            }
            HookEvent::SessionEnd { reason } => {
                let closed = self.close_run(&session, agent_of(&session), &heard)?;
                let session_id = self.session.clone();
                let hook = id.to_owned();
                let ended = AgentEnded {
                    session: session_id,
                    workflow,
                    agent,
                    hook,
                    reason,
                };
                self.commit((closed, session.record(ended)?), heard)
            }
            HookEvent::UserPromptSubmit { prompt } => {
                let (trigger, agent) = (Trigger::UserPromptSubmit, agent_of(&session));
                let (closed, opened) = self.further_run(&session, id, agent, trigger, &heard)?;
                let Some(running) = opened else { return Ok(()) };
                let place = running.state().place.clone();
                let prompted = running.record(Prompted {
                    place,
                    hook: id.to_owned(),
                    prompt,
                })?;
                self.commit((closed, prompted), heard)
            }
            HookEvent::Unknown { name, json } => {
                let session_id = self.session.clone();
                let hook = id.to_owned();
                let unknown = HookUnknown {
                    session: session_id,
                    workflow,
                    hook,
                    name,
                    json,
                };
                self.commit(session.record(unknown)?, heard)
            }
            event => self.hook_in_run(id, event, &session, heard),
        }
    }

    /// A hook that belongs to a run: the open one, or one that it opens.
    fn hook_in_run(
        &self,
        id: &str,
        event: HookEvent,
        session: &Aggregate<Session>,
        heard: Heard,
    ) -> Result<(), SuperviseError> {
        let running = self.open_run(session, id, &heard)?;
        // A run can outlive the turn that it was opened in: the hook is of the turn it is heard in.
        let place = self.place(session, running.state().place.run);
        let actor = running.state().actor();
        let hook = id.to_owned();
        let running = match event {
            HookEvent::PreToolUse { tool } => running.record(ToolStarted {
                place,
                hook,
                actor,
                tool,
            })?,
            HookEvent::PostToolUse { tool, response } => running.record(ToolFinished {
                place,
                hook,
                actor,
                tool,
                response,
            })?,
            HookEvent::PostToolUseFailure {
                tool,
                error,
                interrupted,
            } => running.record(ToolFailed {
                place,
                hook,
                actor,
                tool,
                error,
                interrupted,
            })?,
            HookEvent::SubagentStart { subagent, kind } => running.record(SubagentStarted {
                place,
                hook,
                subagent,
                kind,
            })?,
            HookEvent::SubagentStop { subagent, message } => running.record(SubagentStopped {
                place,
                hook,
                subagent,
                message,
            })?,
            HookEvent::Notification { message, kind } => running.record(Notified {
                place,
                hook,
                message,
                kind,
            })?,
            HookEvent::PreCompact { trigger } => running.record(Compacting {
                place,
                hook,
                trigger,
            })?,
            event => return self.ask(id, event, place, running, heard),
        };
        self.commit(running, heard)
    }

    /// A hook that waits for a decision.
    fn ask(
        &self,
        id: &str,
        event: HookEvent,
        place: Place,
        running: Aggregate<Run, Running>,
        heard: Heard,
    ) -> Result<(), SuperviseError> {
        let request = self.load::<Request>(&request_stream(&self.session, id), &heard)?;
        let id = id.to_owned();
        let request = match event {
            HookEvent::PermissionRequest { tool } => request.record(PermissionAsked {
                place,
                request: id,
                tool,
            })?,
            HookEvent::Stop { message, again } => request.record(StopAsked {
                place,
                request: id,
                message,
                again,
            })?,
            // Everything else was dealt with before.
            _ => request,
        };
        self.commit((running, request), heard)
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
    #[expect(
        clippy::type_complexity,
        reason = "both are optional lives of one lifecycle"
    )]
    fn further_run(
        &self,
        session: &Aggregate<Session>,
        hook: &str,
        agent: &str,
        trigger: Trigger,
        heard: &Heard,
    ) -> Result<
        (
            Option<Aggregate<Run, Closed>>,
            Option<Aggregate<Run, Running>>,
        ),
        SuperviseError,
    > {
        let closed = self.close_run(session, agent, heard)?;
        let opened = self.new_run(session, hook, agent, trigger, heard)?;
        Ok((closed, Some(opened)))
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
    fn place(&self, session: &Aggregate<Session>, run: u32) -> Place {
        Place {
            session: self.session.clone(),
            workflow: session.state().workflow().map(str::to_owned),
            run,
        }
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
        Ok(Some(running.record(RunClosed {
            place,
            agent: agent.to_owned(),
            status,
        })?))
    }
}

/// The agent session that is on the line.
fn agent_of(session: &Aggregate<Session>) -> &str {
    session
        .state()
        .line()
        .agent
        .as_deref()
        .unwrap_or(UNKNOWN_AGENT)
}
