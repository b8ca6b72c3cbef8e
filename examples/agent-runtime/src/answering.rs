//! What a person answers who looks on.
//!
//! Owns the way from what they say to the log, and that the store is open for writing no longer than
//! that takes. Must never decide anything itself.

use std::error::Error;

use vitae::{Alongside, Bus, Clock, SystemClock};

use crate::hook::Answer;
use crate::relay::{Relay, Reply};
use crate::request::{Request, request_stream};
use crate::supervisor::{Heard, SuperviseError, Supervisor};

/// Why a store cannot be opened.
pub type OpenFailure = Box<dyn Error + Send + Sync>;

/// Takes answers.
pub struct Desk {
    channel: &'static str,
    open: Box<dyn Fn() -> Result<Bus, OpenFailure> + Send + Sync>,
}

/// What a person says to something that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// The session that it was asked in; that of a branch, where a branch asks.
    pub session: String,
    /// The request, or the question.
    pub request: String,
    /// The answer.
    pub reply: Reply,
}

/// Why an answer was not taken. Nothing was written, unless the outcome is said to be unknown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The store cannot be opened for writing.
    #[error("the store cannot be written to")]
    Open(#[source] OpenFailure),
    /// The supervisor could not take it; somebody else was faster, perhaps.
    #[error(transparent)]
    Supervise(#[from] SuperviseError),
}

impl Desk {
    /// A desk that is a channel of this name, and opens the store like this, for each answer anew.
    pub fn new(
        channel: &'static str,
        open: impl Fn() -> Result<Bus, OpenFailure> + Send + Sync + 'static,
    ) -> Self {
        Self { channel, open: Box::new(open) }
    }

    /// Takes an answer, which is durable then.
    ///
    /// # Errors
    /// [`AnswerError`]. Trying again is safe: what waits is answered once.
    pub fn take(&self, said: &Said) -> Result<(), AnswerError> {
        let bus = (self.open)().map_err(AnswerError::Open)?;
        let supervisor = Supervisor::new(bus, said.session.clone());
        Ok(Supervisor::again(|| self.answer(&supervisor, said))?)
    }

    /// What is relayed is answered as on any other channel: the first answer wins, and the other channels
    /// are told. Else there is nobody to be told, and it is decided.
    fn answer(&self, supervisor: &Supervisor, said: &Said) -> Result<(), SuperviseError> {
        let (request, reply) = (&said.request, said.reply.clone().without_blank_reason());
        let (allow, reason) = match (supervisor.relay(request)?, reply) {
            (Relay::Unasked, Reply::Allow) => (true, None),
            (Relay::Unasked, Reply::Deny { reason }) => (false, reason),
            // These mean something to a relay only, and it is begun with them.
            (_, reply) => return supervisor.answer(request, self.channel, &reply),
        };
        let life = supervisor.bus().load::<Request>(request_stream(&said.session, request))?;
        if life.state().awaiting().is_none() {
            return Err(SuperviseError::NotPending { request: request.clone() });
        }
        let heard = Heard { at: SystemClock.now(), alongside: Alongside::new() };
        supervisor.decide(request, &Answer::of_user(allow, reason), heard)
    }
}

impl Reply {
    /// A reason in which nothing is said is none.
    fn without_blank_reason(self) -> Self {
        match self {
            Self::Deny { reason } => {
                Self::Deny { reason: reason.filter(|reason| !reason.trim().is_empty()) }
            }
            reply => reply,
        }
    }
}
