//! What a person decides who looks on.
//!
//! Owns the way from a yes or a no to the log, and that the store is open for writing no longer than
//! that takes. Must never decide anything itself.

use std::error::Error;

use serde::Deserialize;
use vitae::{Alongside, Bus, Clock, LoadError, SystemClock};

use crate::hook::Answer;
use crate::request::{Request, request_stream};
use crate::supervisor::{Heard, SuperviseError, Supervisor};

/// Why a store cannot be opened.
pub type OpenFailure = Box<dyn Error + Send + Sync>;

/// Takes answers.
pub struct Desk {
    open: Box<dyn Fn() -> Result<Bus, OpenFailure> + Send + Sync>,
}

/// What a person says to a request.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The session that it was raised in.
    pub session: String,
    /// The request.
    pub request: String,
    /// Whether the agent may.
    pub allow: bool,
    /// What the agent is told, if it may not.
    pub reason: Option<String>,
}

/// Why an answer was not taken. Nothing was written, unless the outcome is said to be unknown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// Nobody waits for it: it was decided, has lapsed, or was never raised.
    #[error("`{request}` does not wait for an answer any more")]
    TooLate {
        /// The request.
        request: String,
    },
    /// The store cannot be opened for writing.
    #[error("the store cannot be written to")]
    Open(#[source] OpenFailure),
    /// The request could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The supervisor could not take it.
    #[error(transparent)]
    Supervise(#[from] SuperviseError),
}

impl Desk {
    /// A desk that opens the store like this, for each answer anew.
    pub fn new(open: impl Fn() -> Result<Bus, OpenFailure> + Send + Sync + 'static) -> Self {
        Self { open: Box::new(open) }
    }

    /// Takes an answer, which is durable then.
    ///
    /// # Errors
    /// [`AnswerError`]. Trying again is safe: a request is decided once.
    pub fn take(&self, said: Said) -> Result<(), AnswerError> {
        let bus = (self.open)().map_err(AnswerError::Open)?;
        let Said { session, request, allow, reason } = said;
        let life = bus.load::<Request>(request_stream(&session, &request))?;
        if life.state().awaiting().is_none() {
            return Err(AnswerError::TooLate { request });
        }
        let reason = reason.filter(|reason| !reason.trim().is_empty());
        let heard = Heard { at: SystemClock.now(), alongside: Alongside::new() };
        let supervisor = Supervisor::new(bus, session);
        Ok(supervisor.decide(&request, &Answer::of_user(allow, reason), heard)?)
    }
}
