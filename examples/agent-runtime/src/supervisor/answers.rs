//! What people answer.
//!
//! Nothing here is given a time: it happens now, by the bus's clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vitae::{Aggregate, CommitReason};

use super::relays::asked_for_by;
use super::{SuperviseError, Supervisor};
use crate::hook::question::asked_by;
use crate::projections::pending::PendingRow;
use crate::relay::{
    Answered, Asked, Relay, RelayAnswered, RelayRequested, Reply, question_id, question_of,
};
use crate::request::{Decided, Request};
use crate::run::Place;

/// The answer to a question of an agent.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct Given {
    pub question: String,
    pub answer: String,
}

impl Supervisor {
    /// Somebody answers on a channel. The first answer counts; the same on the same channel again
    /// is the one that was given.
    ///
    /// A permission that was never relayed is answered as well.
    ///
    /// # Errors
    /// [`SuperviseError::Over`] if somebody else was faster, or there is nothing to answer any more;
    /// [`SuperviseError::Record`] if this is no answer to what was asked.
    pub fn answer(
        &self,
        request: &str,
        channel: &str,
        reply: &Reply,
    ) -> Result<(), SuperviseError> {
        match self.try_answer(request, channel, reply) {
            // Perhaps somebody answered between the look at the relay and the look at what waits,
            // here or in a policy. Looked at again, the relay says so.
            Err(
                SuperviseError::Commit(CommitReason::Policy { .. })
                | SuperviseError::NotPending { .. },
            ) => self.try_answer(request, channel, reply),
            outcome => outcome,
        }
    }

    fn try_answer(
        &self,
        request: &str,
        channel: &str,
        reply: &Reply,
    ) -> Result<(), SuperviseError> {
        self.move_relay(&self.stream_of(request)?, |relay| {
            let relay = match relay.state() {
                Relay::Unasked => self.relay_now(relay, request)?,
                Relay::Answered(Answered { channel: by, reply: said, .. })
                    if by == channel && said == reply =>
                {
                    return Ok((relay, ()));
                }
                _ => relay,
            };
            let (request, channel) = (request.to_owned(), channel.to_owned());
            if let Some(how) = relay.state().ending() {
                return Err(SuperviseError::Over { request, how });
            }
            let Some(matter) = relay.state().matter() else {
                return Err(SuperviseError::NotPending { request });
            };
            let (place, reply) = (matter.place.clone(), reply.clone());
            Ok((relay.record(RelayAnswered { place, request, channel, reply })?, ()))
        })
    }

    /// The answers to what a decided request has asked, by the id of its stream: to all of its questions,
    /// or none, if it asked nothing or was decided without them.
    ///
    /// # Errors
    /// [`SuperviseError`] if the log cannot be read.
    pub fn answers_to(&self, request: &str) -> Result<Vec<Given>, SuperviseError> {
        let decided = self.bus.load::<Request>(request)?;
        let Request::Decided(Decided { tool: Some(tool) }) = decided.state() else {
            return Ok(Vec::new());
        };
        let mut given = Vec::new();
        for (number, question) in (1..).zip(asked_by(tool)) {
            let relay = self.bus.load::<Relay>(question_id(request, number))?;
            let Relay::Answered(Answered { reply: Reply::Text { text }, .. }) = relay.state()
            else {
                return Ok(Vec::new());
            };
            given.push(Given { question: question.text, answer: text.clone() });
        }
        Ok(given)
    }

    /// Relays what waits for a decision, to be answered in the same commit.
    fn relay_now(
        &self,
        relay: Aggregate<Relay>,
        request: &str,
    ) -> Result<Aggregate<Relay>, SuperviseError> {
        let (place, asked) = self.asked(request)?;
        let (request, patience) = (request.to_owned(), Duration::ZERO);
        Ok(relay.record(RelayRequested { place, request, asked, patience })?)
    }

    /// What somebody is asked under an id that was not relayed.
    fn asked(&self, id: &str) -> Result<(Place, Asked), SuperviseError> {
        if let Some(PendingRow { place, asked, .. }) = self.waiting(id)? {
            return Ok((place, asked));
        }
        let asker = question_of(id).map(|(request, _)| self.waiting(request)).transpose()?;
        let question = asker.flatten().and_then(|row| {
            let (_, asked) = asked_for_by(&row).into_iter().find(|(question, _)| question == id)?;
            Some((row.place, asked))
        });
        question.ok_or_else(|| SuperviseError::NotPending { request: id.to_owned() })
    }
}
