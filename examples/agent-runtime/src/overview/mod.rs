//! Everything a person sees, as it was at any position of the log.
//!
//! Owns how the lives of a log stood after each of its events. A view has rows of now; here it is
//! asked for then, so everything comes from the log alone. Must never write, and never be read by a
//! lifecycle.

mod history;
mod life;
mod moment;
mod seen;
mod text;

pub use history::History;
pub use life::{Life, MOST, Shelf};
pub use moment::{Moment, moments};
pub use seen::{RequestSeen, RunSeen, Seen, SessionSeen, WorkflowSeen};
pub use text::excerpt;

use serde::Serialize;
use vitae::lifecycle::{Definition, Diagram};
use vitae::store::{EventRef, Query, ReadError};
use vitae::{DecodeError, GlobalPosition, InvalidName, Lifecycle, tag};

use crate::request::Request;
use crate::run::Run;
use crate::session::Session;
use crate::workflow::Workflow;

/// How the lives of a log, or of one session in it, stood after one of its events.
#[derive(Clone, Default, Debug, Serialize)]
pub struct Overview {
    /// The position of the event; `None` before the first.
    #[serde(skip)]
    pub position: Option<GlobalPosition>,
    /// When it happened, in Unix milliseconds.
    pub occurred_at: Option<i64>,
    /// The sessions.
    pub sessions: Shelf<SessionSeen>,
    /// The workflows.
    pub workflows: Shelf<WorkflowSeen>,
    /// The runs.
    pub runs: Shelf<RunSeen>,
    /// The requests.
    pub requests: Shelf<RequestSeen>,
}

/// Why nothing can be seen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SightError {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The session's id cannot be part of a tag.
    #[error("the session's id is not valid")]
    Session(#[from] InvalidName),
    /// An event could not be read.
    #[error("the event at position {position} cannot be read")]
    Decode {
        /// Where it stands.
        position: GlobalPosition,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// An event has no edge in the state of its life.
    #[error("`{kind}` at position {position} cannot happen in state `{state}`")]
    Illegal {
        /// Where it stands.
        position: GlobalPosition,
        /// Its kind.
        kind: String,
        /// The state.
        state: &'static str,
    },
}

impl Overview {
    /// Takes the next event.
    ///
    /// # Errors
    /// [`SightError`] if the event cannot be read; the overview is then as it was.
    pub fn take(&mut self, event: &EventRef<'_>) -> Result<(), SightError> {
        self.sessions.take(event)?;
        self.workflows.take(event)?;
        self.runs.take(event)?;
        self.requests.take(event)?;
        self.position = Some(event.position());
        self.occurred_at = Some(event.occurred_at().as_millis());
        Ok(())
    }

    /// How many lives were forgotten, to stay within what a person can look at.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        let (sessions, workflows) = (self.sessions.forgotten, self.workflows.forgotten);
        let (runs, requests) = (self.runs.forgotten, self.requests.forgotten);
        sessions.saturating_add(workflows).saturating_add(runs).saturating_add(requests)
    }

    /// The requests that wait for a decision, the oldest first.
    #[must_use]
    pub fn pending(&self) -> Vec<&Life<RequestSeen>> {
        let mut pending: Vec<_> = self.requests.iter().filter(|life| !life.over).collect();
        pending.sort_by_key(|life| life.began);
        pending
    }
}

/// The events that are looked at: those of one session, or all.
///
/// # Errors
/// [`InvalidName`] if the session's id cannot be part of a tag.
pub fn query(session: Option<&str>) -> Result<Query, InvalidName> {
    Ok(match session {
        Some(session) => Query::tag(tag("session", session)?),
        None => Query::all(),
    })
}

/// A lifecycle, as it can be drawn.
pub struct Drawn {
    /// Its table.
    pub definition: &'static Definition,
    /// Its picture.
    pub diagram: fn() -> Diagram,
}

/// A lifecycle by its name.
#[must_use]
pub fn lifecycle(name: &str) -> Option<Drawn> {
    let lifecycles = [drawn::<Session>(), drawn::<Workflow>(), drawn::<Run>(), drawn::<Request>()];
    lifecycles.into_iter().find(|drawn| drawn.definition.name == name)
}

fn drawn<L: Lifecycle>() -> Drawn {
    Drawn { definition: L::DEFINITION, diagram: L::diagram }
}
