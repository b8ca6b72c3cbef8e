//! What people are asked, and what they say.
//!
//! A request of a branch is one of the session that it descends from, too: it waits there, and is
//! offered and answered there, under its own id. Nothing here is given a time: it happens now, by the bus's
//! clock.

use std::time::Duration;

use vitae::{Aggregate, CommitReason, DecideError};

use super::{SuperviseError, Supervisor};
use crate::branches::branch_session;
use crate::projections::pending::{self, PendingRow};
use crate::relay::{
    Asked, Channels, ChannelsClosed, ChannelsOpened, ChannelsWithdrawn, Relay, RelayOffered,
    RelayRequested, asked_for, question_of,
};
use crate::request::{Request, request_stream};
use crate::run::Place;
use crate::session::Session;

/// How often something is tried anew when somebody else has moved the relay meanwhile: there are
/// few channels, and each moves it twice at the most.
const RETRIES: u32 = 8;

/// A question to a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// Its id, which no request of the session has.
    pub id: String,
    /// The question.
    pub text: String,
    /// What can be answered; empty if it is any text.
    pub choices: Vec<String>,
    /// How long an answer is waited for.
    pub patience: Duration,
}

pub(super) type Moved = Result<(Aggregate<Relay>, ()), SuperviseError>;

impl Supervisor {
    /// From now on, what is asked in the session is relayed, and so is what waits already. `opener` is
    /// what the program is that asks, which no other one is; it has these channels then, and no more
    /// those that it opened before.
    ///
    /// # Errors
    /// [`SuperviseError`]; nothing was written, unless the outcome is said to be unknown.
    pub fn open_channels(
        &self,
        opener: &str,
        channels: &[String],
        patience: Duration,
    ) -> Result<(), SuperviseError> {
        Self::again(|| {
            let (session, opener) = (self.session.clone(), opener.to_owned());
            let opened = ChannelsOpened { session, opener, channels: channels.to_vec(), patience };
            self.bus.commit(self.bus.load::<Channels>(&self.session)?.record(opened)?)?;
            Ok(())
        })?;
        for row in self.pending()?.iter().filter(|row| row.until.is_none()) {
            self.relay_waiting(row, patience)?;
        }
        Ok(())
    }

    /// From now on, nobody is there to be asked by this program. What others have opened stays open.
    ///
    /// # Errors
    /// As [`open_channels`](Self::open_channels).
    pub fn close_channels(&self, opener: &str) -> Result<(), SuperviseError> {
        Self::again(|| {
            let channels = self.bus.load::<Channels>(&self.session)?;
            let Channels::Open(open) = channels.state() else { return Ok(()) };
            if !open.has(opener) {
                return Ok(());
            }
            let session = self.session.clone();
            let channels = if open.has_other_than(opener) {
                channels.record(ChannelsWithdrawn { session, opener: opener.to_owned() })?
            } else {
                channels.record(ChannelsClosed { session })?
            };
            self.bus.commit(channels)?;
            Ok(())
        })
    }

    /// Asks a person a question, on every channel that is open, now or later. The same question
    /// again is the one that was asked.
    ///
    /// # Errors
    /// [`SuperviseError::OtherPayload`] if its id stands for something else.
    pub fn ask_question(&self, question: &Question) -> Result<(), SuperviseError> {
        let session = self.bus.load::<Session>(&self.session)?;
        let stream = request_stream(&self.session, &question.id);
        if !matches!(self.bus.load::<Request>(&stream)?.state(), Request::Unasked) {
            return Err(SuperviseError::OtherPayload { request: question.id.clone() });
        }
        let asked =
            Asked::Question { text: question.text.clone(), choices: question.choices.clone() };
        let place = Place {
            session: self.session.clone(),
            workflow: session.state().workflow().map(str::to_owned),
            run: session.state().line().runs,
        };
        self.move_relay(&stream, |relay| {
            if let Some(matter) = relay.state().matter() {
                return if matter.asked == asked {
                    Ok((relay, ()))
                } else {
                    Err(SuperviseError::OtherPayload { request: question.id.clone() })
                };
            }
            let (place, asked) = (place.clone(), asked.clone());
            let (request, patience) = (question.id.clone(), question.patience);
            Ok((relay.record(RelayRequested { place, request, asked, patience })?, ()))
        })
    }

    /// A channel has a relay, and somebody there can answer. One that is over has come too late for
    /// that, which is no error.
    ///
    /// # Errors
    /// As [`open_channels`](Self::open_channels).
    pub fn offered(&self, request: &str, channel: &str) -> Result<(), SuperviseError> {
        self.move_relay(&self.stream_of(request)?, |relay| {
            let matter = match relay.state() {
                Relay::Requested(requested) => &requested.matter,
                Relay::Relayed(relayed) if !relayed.channels.iter().any(|has| has == channel) => {
                    &relayed.matter
                }
                _ => return Ok((relay, ())),
            };
            let offered = RelayOffered {
                place: matter.place.clone(),
                request: matter.request.clone(),
                channel: channel.to_owned(),
            };
            Ok((relay.record(offered)?, ()))
        })
    }

    /// How the relay of a request stands.
    ///
    /// # Errors
    /// [`SuperviseError`] if the log cannot be read.
    pub fn relay(&self, request: &str) -> Result<Relay, SuperviseError> {
        Ok(self.bus.load::<Relay>(self.stream_of(request)?)?.state().clone())
    }

    /// What waits for somebody in the session and its branches, the oldest first.
    ///
    /// # Errors
    /// [`SuperviseError`] if the view cannot be read.
    pub fn pending(&self) -> Result<Vec<PendingRow>, SuperviseError> {
        let view = self.bus.view::<PendingRow>(pending::VIEW)?;
        let mut rows = Vec::new();
        for beginning in [request_stream(&self.session, ""), branch_session(&self.session, "")] {
            for row in view.scan(beginning) {
                let (_, row) = row?;
                // The keys of session `a/b` begin as those of session `a` do.
                if row.place.session == self.session || self.has_branch(&row.place.session)? {
                    rows.push(row);
                }
            }
        }
        rows.sort_by(|one, other| (one.since, &one.request).cmp(&(other.since, &other.request)));
        Ok(rows)
    }

    /// Relays what waits for a decision without having been relayed.
    fn relay_waiting(&self, row: &PendingRow, patience: Duration) -> Result<(), SuperviseError> {
        for (request, asked) in asked_for_by(row) {
            let stream = request_stream(&row.place.session, &request);
            let relayed = self.move_relay(&stream, |relay| {
                if !matches!(relay.state(), Relay::Unasked) {
                    return Ok((relay, ()));
                }
                let (place, asked) = (row.place.clone(), asked.clone());
                let request = request.clone();
                Ok((relay.record(RelayRequested { place, request, asked, patience })?, ()))
            });
            match relayed {
                // It was decided meanwhile.
                Err(SuperviseError::Commit(CommitReason::Policy { .. }))
                    if self.waiting(&row.request)?.is_none() => {}
                relayed => relayed?,
            }
        }
        Ok(())
    }

    pub(super) fn waiting(&self, request: &str) -> Result<Option<PendingRow>, SuperviseError> {
        let view = self.bus.view::<PendingRow>(pending::VIEW)?;
        Ok(view.get(self.stream_of(request)?)?)
    }

    /// The id of the stream that a request and its relay have: in this session, else in a branch.
    pub(super) fn stream_of(&self, request: &str) -> Result<String, SuperviseError> {
        let own = request_stream(&self.session, request);
        let is_own = !matches!(self.bus.load::<Relay>(&own)?.state(), Relay::Unasked)
            || !matches!(self.bus.load::<Request>(&own)?.state(), Request::Unasked);
        if is_own {
            return Ok(own);
        }
        let mut of = self.of_request(request)?;
        // A question that nobody was offered has no event, but what asks it has.
        if let (true, Some((asker, _))) = (of.session == self.session, question_of(request)) {
            of = self.of_request(asker)?;
        }
        Ok(request_stream(&of.session, request))
    }

    pub(super) fn move_relay(
        &self,
        stream: &str,
        by: impl Fn(Aggregate<Relay>) -> Moved,
    ) -> Result<(), SuperviseError> {
        let relay = self.bus.decide::<Relay>(stream);
        relay.retries(RETRIES).run(by).map_err(SuperviseError::from)?;
        Ok(())
    }
}

/// What is to be relayed for what waits.
pub(super) fn asked_for_by(row: &PendingRow) -> Vec<(String, Asked)> {
    match &row.asked {
        Asked::Permission { tool } => asked_for(&row.request, tool),
        Asked::Question { .. } => vec![(row.request.clone(), row.asked.clone())],
    }
}

impl From<DecideError<Self>> for SuperviseError {
    fn from(error: DecideError<Self>) -> Self {
        match error {
            DecideError::Refused(error) => error,
            DecideError::Load(error) => Self::Load(error),
            DecideError::Commit(reason) => Self::Commit(reason),
            DecideError::Read(error) => Self::Read(error),
            other => Self::Decide(Box::new(other)),
        }
    }
}
