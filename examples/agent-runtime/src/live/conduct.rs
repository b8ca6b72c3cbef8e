//! Turn after turn, until the workflow is over.
//!
//! Owns the order of things around a turn: the tracker's skeleton before the first one, the tracker
//! as it is after each. Decides nothing: what comes next, the supervisor reads from the log.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use vitae::store::ReadError;
use vitae::{Bus, Clock, Running, SystemClock, Timestamp};

use super::cleaning::clean;
use super::hearing::Hearing;
use super::places::{Claim, PlaceError, Places};
use super::protocol::hook_line;
use super::server::Server;
use super::turn::{Agent, TurnError};
use crate::retry::RetryTableError;
use crate::supervisor::{NewWorkflow, Next, SuperviseError};
use crate::workflow::{Exit, Outcome, Plan, SKELETON_MARKER, Transport};
use crate::workflow_file::{Placeholders, WorkflowFile};

/// A session that is supervised by this process, and heard.
pub struct Supervised {
    places: Places,
    hearing: Arc<Hearing>,
    // In the order in which they end.
    server: Mutex<Option<Server>>,
    _parts: Running,
    _claim: Claim,
}

/// What is told to whoever looks on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Progress<'a> {
    /// A turn begins.
    Begins {
        /// Which turn, counted from 1.
        iteration: u32,
    },
    /// A turn was under way when this process came; it is gone on with.
    GoesOn {
        /// Which turn, counted from 1.
        iteration: u32,
    },
    /// A turn has ended.
    Ended {
        /// Which turn, counted from 1.
        iteration: u32,
        /// How.
        exit: &'a Exit,
    },
    /// The last turn is run again, after a pause.
    Pauses {
        /// When the pause is over.
        until: Timestamp,
    },
    /// It goes on when somebody has looked.
    Awaits {
        /// What it waits for.
        reason: &'a str,
    },
}

/// Why a workflow does not go on. What was heard is on the log; the same again goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConductError {
    /// The session cannot be supervised from here.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// There is no socket to listen on.
    #[error("cannot listen on {}", socket.display())]
    Listen {
        /// The socket.
        socket: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What follows the log has no thread to do so.
    #[error("what follows the log cannot be started")]
    Parts {
        /// Why.
        source: io::Error,
    },
    /// The session has another workflow under way.
    #[error(
        "workflow `{workflow}` ({name}) is under way in this session; go on with it first, or take \
         another session"
    )]
    OtherWorkflow {
        /// The workflow run.
        workflow: String,
        /// Its name.
        name: String,
    },
    /// A workflow is to be started without what its prompt speaks of.
    #[error("the workflow's prompt has an {{input}}; say what with --input")]
    NoInput,
    /// The tracker cannot be read or made.
    #[error("{}", path.display())]
    Tracker {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What has happened could not be taken.
    #[error(transparent)]
    Supervise(#[from] SuperviseError),
    /// Nothing can be said of a turn.
    #[error(transparent)]
    Turn(#[from] TurnError),
    /// The workflow file's table `[retry]` cannot be meant.
    #[error("the workflow's [retry] cannot be meant")]
    Retry(#[from] RetryTableError),
    /// The log cannot be followed.
    #[error("the log cannot be followed")]
    Follow(#[from] ReadError),
}

impl Supervised {
    /// Takes a session, new or not, and listens. What earlier turns have left goes.
    ///
    /// # Errors
    /// [`ConductError`] if another process has it, or nobody can listen.
    pub fn open(bus: Bus, places: Places) -> Result<Self, ConductError> {
        let claim = places.claim()?;
        let parts = bus.start().map_err(|source| ConductError::Parts { source })?;
        let hearing = Arc::new(Hearing::new(bus, places.session().to_owned()));
        clean(&places, hearing.supervisor())?;
        let server = Server::start(places.socket(), Arc::clone(&hearing)).map_err(|source| {
            ConductError::Listen { socket: places.socket().to_owned(), source }
        })?;
        let server = Mutex::new(Some(server));
        Ok(Self { places, hearing, server, _parts: parts, _claim: claim })
    }

    /// Listens no more: whoever waits is told that there is no decision, and the socket goes.
    pub fn leave(&self) {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Where the session's things are.
    #[must_use]
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// What the session's supervisor hears.
    #[must_use]
    pub fn hearing(&self) -> &Hearing {
        &self.hearing
    }

    /// Starts a workflow, or finds the one that this is about: the one under way, or the one of
    /// this id. One that was imported is told what its file did not hold. Gives its id.
    ///
    /// # Errors
    /// [`ConductError::OtherWorkflow`] if another one is under way, [`ConductError::NoInput`] if what
    /// the person asks for is needed and missing.
    pub fn start(
        &self,
        file: &WorkflowFile,
        id: Option<String>,
        input: Option<String>,
    ) -> Result<String, ConductError> {
        let supervisor = self.hearing.supervisor();
        if let Some(workflow) = supervisor.workflow_under_way()? {
            let name = supervisor.beginning_of(&workflow)?.and_then(|beginning| beginning.name);
            // One that was imported without a name is not known to be another.
            if name.as_ref().is_some_and(|name| *name != file.name)
                || id.is_some_and(|id| id != workflow)
            {
                let name = name.unwrap_or_else(|| "unnamed".to_owned());
                return Err(ConductError::OtherWorkflow { workflow, name });
            }
            self.take_up(&workflow, file, input)?;
            return Ok(workflow);
        }
        let id = id.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        if supervisor.beginning_of(&id)?.is_some() {
            self.take_up(&id, file, input)?;
            return Ok(id);
        }
        let new = new_workflow(&id, file, input, 1)?;
        self.places.starts_here(&id)?;
        self.hearing.see(|supervisor, heard| supervisor.start_workflow(new.clone(), heard))?;
        Ok(id)
    }

    /// Tells an imported workflow, before its first turn here, what its file did not hold.
    fn take_up(
        &self,
        workflow: &str,
        file: &WorkflowFile,
        input: Option<String>,
    ) -> Result<(), ConductError> {
        if let Some(turn) = self.hearing.supervisor().to_be_taken_up_at(workflow)? {
            let new = new_workflow(workflow, file, input, turn)?;
            self.places.starts_here(workflow)?;
            self.hearing.see(|supervisor, heard| supervisor.take_up(new.clone(), heard))?;
        }
        Ok(())
    }

    /// Goes on with a workflow until it is over, and says how it ended.
    ///
    /// # Errors
    /// [`ConductError`]; the same again goes on where this stopped.
    pub fn conduct(
        &self,
        workflow: &str,
        file: &WorkflowFile,
        agent: Agent<'_>,
        mut tell: impl FnMut(Progress<'_>),
    ) -> Result<Outcome, ConductError> {
        let supervisor = self.hearing.supervisor();
        let text = |plan: &Plan, iteration| {
            file.prompt_of(Placeholders {
                input: plan.prompt.as_deref().unwrap_or_default(),
                tracker: plan.tracker_path.as_deref().unwrap_or_default(),
                session: self.places.session(),
                iteration,
            })
        };
        let changes = self.hearing.store().changes();
        let (mut begun, mut waits_for) = (None, None);
        loop {
            // Before it is asked: whatever comes after that is worth another question.
            let seen = changes.head();
            let next = supervisor.next(workflow, text)?;
            match &next {
                Next::Begin { iteration, prompt } => {
                    // The last one's stays until here, for a person who wants to see what it printed.
                    clean(&self.places, supervisor)?;
                    if supervisor.last_turn_of(workflow)?.is_none() {
                        self.make_tracker(workflow)?;
                    }
                    if let Err(error) =
                        self.hearing.see(|then, heard| then.begin_turn(prompt.clone(), heard))
                    {
                        // Somebody may have held or cancelled it in this moment.
                        if supervisor.next(workflow, text)? == next {
                            return Err(error.into());
                        }
                        continue;
                    }
                    begun = Some(*iteration);
                    tell(Progress::Begins { iteration: *iteration });
                }
                Next::Attend { iteration, .. } => {
                    let iteration = *iteration;
                    if begun != Some(iteration) {
                        tell(Progress::GoesOn { iteration });
                    }
                    let exit = self.attend(workflow, agent)?;
                    tell(Progress::Ended { iteration, exit: &exit });
                }
                Next::WaitUntil(_) | Next::AwaitAttention { .. } => {
                    if waits_for.as_ref() != Some(&next) {
                        tell(match &next {
                            Next::AwaitAttention { reason } => Progress::Awaits { reason },
                            Next::WaitUntil(until) => Progress::Pauses { until: *until },
                            _ => continue,
                        });
                        waits_for = Some(next);
                    }
                    changes.wait_past(seen)?;
                }
                Next::End(outcome) => {
                    self.hearing.see(|then, heard| then.end_workflow(workflow, outcome, heard))?;
                }
                Next::Over(outcome) => {
                    self.places.forget(workflow);
                    return Ok(outcome.clone());
                }
            }
        }
    }

    /// Waits for a turn's agent, and ends the turn.
    fn attend(&self, workflow: &str, agent: Agent<'_>) -> Result<Exit, ConductError> {
        let turn = self.hearing.supervisor().last_turn_of(workflow)?;
        let turn = turn.ok_or(SuperviseError::NoWorkflow { what: "a turn" })?;
        let report = agent.play(&turn, &self.places)?;
        if report.untold {
            agent.said(&turn, &self.places, |hook| {
                // One that is refused now would have been at its time.
                let line = hook_line(&hook.id, &hook.json, SystemClock.now());
                let _ = line.map(|line| self.hearing.hear(line.as_bytes()));
            })?;
        }
        let mut exit = report.exit;
        if let (None, Some(uses)) = (exit.transport, report.tool_uses) {
            let heard = self.hearing.supervisor().tool_hooks_in(&turn)?;
            exit.transport = Some(Transport { stream_tool_uses: uses, pre_tool_use_events: heard });
        }
        if let Some(path) = self.tracker_of(&turn.workflow)? {
            let content = read_tracker(&path)?;
            self.hearing.see(|then, heard| then.see_tracker(content.as_deref(), heard))?;
        }
        self.hearing.see(|then, heard| then.end_turn(exit.clone(), report.tokens, heard))?;
        Ok(exit)
    }

    /// Where a workflow's tracker is, seen from here.
    fn tracker_of(&self, workflow: &str) -> Result<Option<PathBuf>, SuperviseError> {
        let path = self.hearing.supervisor().tracker_of(workflow)?;
        let folder = self.places.started_in(workflow).unwrap_or_default();
        Ok(path.map(|path| folder.join(path)))
    }

    /// Makes the tracker's skeleton where no file is.
    fn make_tracker(&self, workflow: &str) -> Result<(), ConductError> {
        let Some(path) = self.tracker_of(workflow)? else {
            return Ok(());
        };
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            let skeleton = format!("{SKELETON_MARKER}\n\nReplace this with the plan.\n");
            match fs::File::create_new(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                Err(error) => Err(error),
                Ok(mut file) => io::Write::write_all(&mut file, skeleton.as_bytes()),
            }
        });
        made.map_err(|source| ConductError::Tracker { path, source })
    }
}

/// A workflow as its file has it, that begins with this turn.
fn new_workflow(
    id: &str,
    file: &WorkflowFile,
    input: Option<String>,
    turn: u32,
) -> Result<NewWorkflow, ConductError> {
    if input.is_none() && file.wants_input(turn) {
        return Err(ConductError::NoInput);
    }
    let looped = file.looped();
    Ok(NewWorkflow {
        workflow: id.to_owned(),
        name: file.name.clone(),
        prompt: input.unwrap_or_default(),
        max_iterations: looped.map(|looped| looped.max_iterations.get()),
        tracker_path: looped.and_then(|looped| looped.tracker_path.clone()),
        rules: file.permissions.rules(),
        retry: file.retry.plan()?,
    })
}

/// What a tracker says; `None` is no file. One that is not text says what of it is.
fn read_tracker(path: &Path) -> Result<Option<String>, ConductError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ConductError::Tracker { path: path.to_owned(), source }),
    }
}
