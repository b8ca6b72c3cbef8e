//! A recorded session, driven through the supervisor line by line.
//!
//! Owns the checkpoint of a recording: how many lines were consumed, and their running hash. It
//! moves in the commit of a line's events, so a stop at any moment loses nothing and doubles
//! nothing.

use std::collections::VecDeque;

use vitae::store::{Checkpoint, CheckpointMove, ReadError, RowChange, ViewRow};
use vitae::{Alongside, Bus, InvalidName, Name, Timestamp};
use xxhash_rust::xxh3::xxh3_128;

use crate::projections::prefix;
use crate::recording::{Input, Line, LineError, WorkflowLine};
use crate::supervisor::{Heard, NewWorkflow, SuperviseError, Supervisor};

/// The view that has the running hash after each line, to say which line was changed.
const LINES: &str = "recording_lines";

/// How many of its rows are read at a time.
const PAGE: usize = 1_024;

/// A recording on its way into the log.
pub struct Replay {
    bus: Bus,
    supervisor: Supervisor,
    session: String,
    name: Name,
    checkpoint: Option<Checkpoint>,
    consumed: u64,
    /// The hashes of the next lines that were consumed before, as far as they were read.
    known: VecDeque<ViewRow>,
    line: u64,
    hash: u128,
}

/// What became of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// It was consumed before, by this replay or one that was stopped.
    Before,
    /// Its events are durable now.
    Now,
}

/// Why a line was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// It is no line of a recording.
    #[error(transparent)]
    Line(#[from] LineError),
    /// It was consumed before, and has changed since.
    #[error("the line was consumed before and has changed since; replay it into a new file")]
    Changed,
    /// The recording ends before the lines that were consumed.
    #[error("the recording has {lines} lines, but {consumed} were consumed before")]
    Shorter {
        /// The lines it has.
        lines: u64,
        /// The lines that were consumed.
        consumed: u64,
    },
    /// It belongs to another session than the recording.
    #[error("the line is of session `{line}`, the recording of `{recording}`")]
    OtherSession {
        /// The line's session.
        line: String,
        /// The recording's session.
        recording: String,
    },
    /// Its time is too far away.
    #[error("`at` is out of range")]
    Time,
    /// The checkpoint cannot be read.
    #[error("the checkpoint of the recording is not one of this program")]
    Checkpoint,
    /// The session's name cannot be part of a name.
    #[error("the session's id is not valid")]
    Session(#[from] InvalidName),
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The supervisor could not take it.
    #[error(transparent)]
    Supervise(#[from] SuperviseError),
}

impl Replay {
    /// Begins a recording of a session, or goes on where its checkpoint says.
    ///
    /// # Errors
    /// [`ReplayError`] if the checkpoint cannot be read.
    pub fn open(bus: Bus, session: String) -> Result<Self, ReplayError> {
        let name = Name::new(format!("recording/{session}"))?;
        let checkpoint = bus.store().checkpoint(&name)?;
        let consumed = match &checkpoint {
            Some(checkpoint) => lines(&checkpoint.cursor).ok_or(ReplayError::Checkpoint)?,
            None => 0,
        };
        let supervisor = Supervisor::new(bus.clone(), session.clone());
        Ok(Self {
            bus,
            supervisor,
            session,
            name,
            checkpoint,
            consumed,
            known: VecDeque::new(),
            line: 0,
            hash: 0,
        })
    }

    /// How many lines were consumed so far, in this program or one that was stopped.
    #[must_use]
    pub const fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Takes the next line, without its line feed.
    ///
    /// # Errors
    /// [`ReplayError`]; the log is then as it was before the line.
    pub fn line(&mut self, bytes: &[u8]) -> Result<Taken, ReplayError> {
        let line = self.line.saturating_add(1);
        let hash = running_hash(self.hash, bytes);
        if line <= self.consumed {
            let known = self.known_hash(line)?;
            if known.is_none_or(|known| known != hash.to_be_bytes()) {
                return Err(ReplayError::Changed);
            }
            (self.line, self.hash) = (line, hash);
            return Ok(Taken::Before);
        }
        let to = Checkpoint {
            position: None,
            checksum: None,
            cursor: format!("{line} {hash:032x}").into_bytes(),
        };
        let moved = CheckpointMove {
            name: self.name.clone(),
            from: self.checkpoint.clone(),
            to: to.clone(),
        };
        let row = RowChange {
            view: Name::new(LINES)?,
            key: self.row_key(line),
            expected: None,
            value: Some(hash.to_be_bytes().to_vec()),
        };
        self.supervise(Line::parse(bytes)?, Alongside::new().checkpoint(moved).row(row))?;
        (self.line, self.hash) = (line, hash);
        self.consumed = line;
        self.checkpoint = Some(to);
        Ok(Taken::Now)
    }

    /// Says that the recording has no further line.
    ///
    /// # Errors
    /// [`ReplayError::Shorter`] if more lines were consumed than it has.
    pub const fn end(&self) -> Result<(), ReplayError> {
        if self.line < self.consumed {
            return Err(ReplayError::Shorter { lines: self.line, consumed: self.consumed });
        }
        Ok(())
    }

    /// The running hash after a line that was consumed before. Lines are asked for in order.
    fn known_hash(&mut self, line: u64) -> Result<Option<Vec<u8>>, ReplayError> {
        if self.known.is_empty() {
            let after = self.row_key(line.saturating_sub(1));
            let (view, prefix) = (Name::new(LINES)?, prefix(&[&self.session]));
            let rows = self.bus.store().rows(&view, &prefix, Some(&after), PAGE)?;
            self.known = rows.into();
        }
        let key = self.row_key(line);
        let known = self.known.pop_front().filter(|row| row.key == key);
        Ok(known.map(|row| row.value))
    }

    fn supervise(&self, line: Line, alongside: Alongside) -> Result<(), ReplayError> {
        let at = Timestamp::from_millis(line.at).ok_or(ReplayError::Time)?;
        let heard = Heard { at, alongside };
        let supervisor = &self.supervisor;
        match line.input {
            Input::Workflow(line) => supervisor.start_workflow(self.workflow(line)?, heard)?,
            Input::Turn { prompt } => supervisor.begin_turn(prompt, heard)?,
            Input::Hook { id, hook } => supervisor.hook(&id, *hook, heard)?,
            Input::Decision { request, answer } => supervisor.decide(&request, &answer, heard)?,
            Input::Link { agent, workflow } => supervisor.link(&agent, &workflow, heard)?,
            Input::Tracker { content } => supervisor.see_tracker(content.as_deref(), heard)?,
            Input::TurnEnd { exit, tokens } => supervisor.end_turn(exit, tokens, heard)?,
            Input::Cancel => supervisor.cancel(heard)?,
        }
        Ok(())
    }

    fn workflow(&self, line: WorkflowLine) -> Result<NewWorkflow, ReplayError> {
        if line.session_id != self.session {
            let (line, recording) = (line.session_id, self.session.clone());
            return Err(ReplayError::OtherSession { line, recording });
        }
        let looped = line.workflow.r#loop.filter(|looped| looped.enabled);
        Ok(NewWorkflow {
            workflow: line.run_id,
            name: line.workflow.name,
            prompt: line.prompt,
            max_iterations: looped.as_ref().map(|looped| looped.max_iterations),
            tracker_path: looped.and_then(|looped| looped.tracker_path),
            // Their decisions are lines of the recording.
            rules: Vec::new(),
            retry: None,
        })
    }

    fn row_key(&self, line: u64) -> Vec<u8> {
        let mut key = prefix(&[&self.session]);
        key.extend_from_slice(&line.to_be_bytes());
        key
    }
}

/// The hash of the lines so far and a further one.
fn running_hash(before: u128, line: &[u8]) -> u128 {
    let mut bytes = before.to_be_bytes().to_vec();
    bytes.extend_from_slice(line);
    xxh3_128(&bytes)
}

/// The number of lines that a checkpoint's cursor names.
fn lines(cursor: &[u8]) -> Option<u64> {
    std::str::from_utf8(cursor).ok()?.split_once(' ')?.0.parse().ok()
}

/// The session of a recording: the one that its first workflow names, else the agent session of its
/// first hook. Lines that cannot be read are passed over here; the replay will name them.
#[derive(Default, Debug)]
pub struct SessionSearch {
    agent: Option<String>,
}

impl SessionSearch {
    /// Looks at the next line; gives the session as soon as a workflow names it.
    pub fn look(&mut self, bytes: &[u8]) -> Option<String> {
        match Line::parse(bytes).ok()?.input {
            Input::Workflow(line) => Some(line.session_id),
            Input::Hook { hook, .. } => {
                self.agent.get_or_insert(hook.agent);
                None
            }
            _ => None,
        }
    }

    /// The session of a recording without a workflow.
    #[must_use]
    pub fn without_workflow(self) -> Option<String> {
        self.agent
    }
}
