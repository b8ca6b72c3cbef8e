//! What reaches a supervisor from outside: one thing at a time, each on the log once.
//!
//! Owns the ids of the commits, by which a line that comes again is known. Keeps nothing: after a
//! restart, the log says what was heard.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;
use vitae::store::{EventStore, ReadError, RowChange};
use vitae::{
    Alongside, Bus, Clock, CommitId, InvalidName, Lifecycle, Name, StreamId, SystemClock, Timestamp,
};

use crate::hook::{HookEvent, RunHook};
use crate::recording::{Input, Line, LineError};
use crate::request::{Request, request_stream};
use crate::supervisor::{Heard, SuperviseError, Supervisor};

/// What the ids of commits are made in.
const HEARD: Uuid = Uuid::from_u128(0x8f0c_6b1e_52d7_5a3e_9d10_3c5f_7a44_be21);

/// The view that has the digest of each hook, by the id of its commit: it moves with it.
const HOOKS: &str = "heard_hooks";

/// The ear of one session's supervisor.
pub struct Hearing {
    bus: Bus,
    session: String,
    supervisor: Supervisor,
    /// Whoever holds it moves the session.
    turn: Mutex<()>,
}

/// What is due to whoever said something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// What the log says of this request now.
    Now(StreamId),
    /// What the log will say of this request.
    Wait(StreamId),
}

/// Why something was not heard.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HearError {
    /// It is no line of a recording.
    #[error(transparent)]
    Line(#[from] LineError),
    /// It is nothing that is said over a socket.
    #[error("only hook, decision, link and cancel are heard; the rest the supervisor sees itself")]
    NotForOthers,
    /// An id stands for another hook already.
    #[error("hook `{id}` was heard before, with another content; give this another id")]
    OtherHook {
        /// The id.
        id: String,
    },
    /// Its time is too far away.
    #[error("`at` is out of range")]
    Time,
    /// An id cannot be a name.
    #[error("an id is not valid")]
    InvalidName(#[from] InvalidName),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The supervisor could not take it.
    #[error(transparent)]
    Supervise(#[from] SuperviseError),
}

impl Hearing {
    /// The ear of a session's supervisor. For [`hear`](Self::hear) there must be no other one.
    #[must_use]
    pub fn new(bus: Bus, session: String) -> Self {
        let supervisor = Supervisor::new(bus.clone(), session.clone());
        Self { bus, session, supervisor, turn: Mutex::new(()) }
    }

    /// The supervisor, to ask it something. To tell it something, [`see`](Self::see).
    #[must_use]
    pub const fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// The log.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn EventStore> {
        self.bus.store()
    }

    /// Hears a line from the socket. Once this returns, it is on the log, this time or before.
    ///
    /// # Errors
    /// [`HearError`]; it is not on the log then, unless the outcome is said to be unknown. The same
    /// line again is safe.
    pub fn hear(&self, line: &[u8]) -> Result<Due, HearError> {
        let Line { at, input } = Line::parse(line)?;
        let at = Timestamp::from_millis(at).ok_or(HearError::Time)?;
        match input {
            Input::Hook { id, hook } => {
                // Without an id of its own, a hook could be taken for another.
                Name::new(id.as_str())?;
                let of = self.supervisor.of_agent(&hook.agent)?;
                let stream = request_stream(of.session(), &id);
                let request = StreamId::new(Request::DEFINITION.name, stream)?;
                let due = match &hook.event {
                    HookEvent::InRun(RunHook::PermissionRequest { .. }) => Due::Wait(request),
                    HookEvent::InRun(RunHook::Stop { .. }) => Due::Now(request),
                    _ => Due::Nothing,
                };
                self.hook_once(&id, line, at, |then, heard| {
                    then.hook(&id, (*hook).clone(), heard)
                })?;
                return Ok(due);
            }
            Input::Decision { request, answer } => {
                self.line_once(line, at, |then, heard| {
                    then.of_request(&request)?.decide(&request, &answer, heard)
                })?;
            }
            Input::Link { agent, workflow } => {
                self.line_once(line, at, |then, heard| then.link(&agent, &workflow, heard))?;
            }
            Input::Cancel => self.line_once(line, at, Supervisor::cancel)?,
            Input::Workflow(_)
            | Input::Turn { .. }
            | Input::Tracker { .. }
            | Input::TurnEnd { .. } => return Err(HearError::NotForOthers),
        }
        Ok(Due::Nothing)
    }

    /// Tells the supervisor what this program has seen itself, now.
    ///
    /// # Errors
    /// [`SuperviseError`], as what is told gives it.
    pub fn see(
        &self,
        what: impl Fn(&Supervisor, Heard) -> Result<(), SuperviseError>,
    ) -> Result<(), SuperviseError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let at = SystemClock.now();
        Supervisor::again(|| what(&self.supervisor, Heard { at, alongside: Alongside::new() }))
    }

    /// What has no id of its own: the same line is the same thing.
    fn line_once(
        &self,
        line: &[u8],
        at: Timestamp,
        what: impl Fn(&Supervisor, Heard) -> Result<(), SuperviseError>,
    ) -> Result<(), HearError> {
        self.once(self.commit_id("line", line), at, Alongside::new(), what)?;
        Ok(())
    }

    /// What an id stands for happens once. Whether it is the same, its digest says.
    fn hook_once(
        &self,
        id: &str,
        line: &[u8],
        at: Timestamp,
        what: impl Fn(&Supervisor, Heard) -> Result<(), SuperviseError>,
    ) -> Result<(), HearError> {
        let commit = self.commit_id("hook", id.as_bytes());
        let (view, key) = (Name::from_static(HOOKS)?, commit.as_bytes().to_vec());
        let digest = Uuid::new_v5(&HEARD, event_of(line)?.as_bytes()).into_bytes().to_vec();
        let row = RowChange { view, key, expected: None, value: Some(digest) };
        if self.once(commit, at, Alongside::new().row(row.clone()), what)? {
            return Ok(());
        }
        let known = self.bus.store().row(&row.view, &row.key)?;
        if known.is_some_and(|known| Some(known.value) != row.value) {
            return Err(HearError::OtherHook { id: id.to_owned() });
        }
        Ok(())
    }

    /// Gives whether it is now that it happens; if not it has before.
    fn once(
        &self,
        commit: CommitId,
        at: Timestamp,
        alongside: Alongside,
        what: impl Fn(&Supervisor, Heard) -> Result<(), SuperviseError>,
    ) -> Result<bool, HearError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if self.bus.store().receipt(commit)?.is_some() {
            return Ok(false);
        }
        let alongside = alongside.commit_id(commit);
        Supervisor::again(|| what(&self.supervisor, Heard { at, alongside: alongside.clone() }))?;
        Ok(true)
    }

    fn commit_id(&self, what: &str, which: &[u8]) -> CommitId {
        let name = [self.session.as_bytes(), what.as_bytes(), which].join(&0);
        CommitId::from_bytes(Uuid::new_v5(&HEARD, &name).into_bytes())
    }
}

/// A hook's own JSON. The line around it says when it was told, which may be more than once.
fn event_of(line: &[u8]) -> Result<&str, LineError> {
    #[derive(Deserialize)]
    struct HookLine<'a> {
        #[serde(borrow)]
        event: &'a RawValue,
    }
    let HookLine { event } = serde_json::from_slice(line)?;
    Ok(event.get())
}
