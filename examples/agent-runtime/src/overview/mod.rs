//! Everything a person sees, as it was at any position of the log.
//!
//! Owns how the lives of a log stood after each of its events. A view has rows of now; here it is
//! asked for then, so everything comes from the log alone. Must never write, and never be read by a
//! lifecycle.

mod history;
mod life;
mod moment;
mod relayed;
mod scope;
mod seen;
mod text;
mod tree;
mod waiting;
mod whole;

pub use history::History;
pub use life::{Life, MOST, Shelf};
pub use moment::{Moment, moments};
pub use relayed::RelaySeen;
pub use scope::Scope;
pub use seen::{RequestSeen, RunSeen, Seen, SessionSeen, WorkflowSeen};
pub use text::{clock, excerpt};
pub use tree::{Line, tree};
pub use waiting::{Asks, Waiting, waiting};
pub use whole::whole;

use serde::Serialize;
use vitae::lifecycle::{Definition, Diagram};
use vitae::store::{EventRef, ReadError};
use vitae::{DecodeError, GlobalPosition, InvalidName, Lifecycle};

use crate::relay::Relay;
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
    /// The relays: what people are asked, on which channels.
    pub relays: Shelf<RelaySeen>,
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
        self.relays.take(event)?;
        self.position = Some(event.position());
        self.occurred_at = Some(event.occurred_at().as_millis());
        Ok(())
    }

    /// How many lives were forgotten, to stay within what a person can look at.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        let (sessions, workflows) = (self.sessions.forgotten, self.workflows.forgotten);
        let (runs, requests) = (self.runs.forgotten, self.requests.forgotten);
        let lives = sessions.saturating_add(workflows).saturating_add(runs);
        lives.saturating_add(requests).saturating_add(self.relays.forgotten)
    }
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
    let lifecycles = [
        drawn::<Session>(),
        drawn::<Workflow>(),
        drawn::<Run>(),
        drawn::<Request>(),
        drawn::<Relay>(),
    ];
    lifecycles.into_iter().find(|drawn| drawn.definition.name == name)
}

fn drawn<L: Lifecycle>() -> Drawn {
    Drawn { definition: L::DEFINITION, diagram: L::diagram }
}
