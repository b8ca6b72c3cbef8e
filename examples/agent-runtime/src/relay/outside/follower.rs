//! What keeps a channel in step with the log.
//!
//! Owns the order: answers are taken to the log, then what the log says is shown. Never keeps one
//! request that cannot be shown from standing in the way of the others.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use vitae::store::{ReadError, Subscription};

use super::Channel;
use crate::relay::Relay;
use crate::supervisor::{SuperviseError, Supervisor};

/// A channel that follows the log.
pub struct Follower<C> {
    supervisor: Supervisor,
    channel: C,
    shown: BTreeSet<String>,
    /// Says that relays have moved; where they stand is read from the view.
    moves: Subscription,
}

/// Why a channel is not in step. It is tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// The channel is broken.
    #[error("the channel `{channel}` does not work")]
    Channel {
        /// Its name.
        channel: String,
        /// Why.
        source: io::Error,
    },
    /// The log could not be read or written.
    #[error(transparent)]
    Supervise(#[from] SuperviseError),
    /// The log could not be followed.
    #[error("the log cannot be followed")]
    Read(#[from] ReadError),
}

impl<C: Channel> Follower<C> {
    /// A channel of a supervisor's session, which is brought in step from now on.
    ///
    /// # Errors
    /// [`FollowError`] if the channel or the log cannot be read.
    pub fn new(supervisor: Supervisor, channel: C) -> Result<Self, FollowError> {
        let bus = supervisor.bus();
        let relays = bus.events_of::<Relay>().map_err(SuperviseError::from)?;
        // Subscribed to before the view is read: what moves between is seen twice, never missed.
        let moves = bus.subscribe(relays, bus.store().head()?);
        let shown = channel.shows().map_err(|source| broken(&channel, source))?;
        Ok(Self { supervisor, channel, shown: shown.into_iter().collect(), moves })
    }

    /// Does what there is to do now. What fails is tried again by the next step; the rest is done.
    ///
    /// # Errors
    /// The last [`FollowError`] of this step.
    pub fn step(&mut self) -> Result<(), FollowError> {
        let heard = self.take_answers();
        let drawn = self.draw();
        heard.and(drawn)
    }

    /// Steps until it is told to stop: whenever a relay has moved, and so often to hear people.
    ///
    /// # Errors
    /// When the store is closed.
    pub fn follow(
        mut self,
        every: Duration,
        stop: &AtomicBool,
        mut trouble: impl FnMut(&FollowError),
    ) -> Result<(), ReadError> {
        let mut said = String::new();
        while !stop.load(Ordering::Relaxed) {
            if let Err(error) = self.step() {
                // What stays wrong is told once.
                let error_says = format!("{error:?}");
                if error_says != said {
                    trouble(&error);
                    said = error_says;
                }
            }
            self.moves.next_timeout(every)?;
        }
        Ok(())
    }

    fn take_answers(&mut self) -> Result<(), FollowError> {
        let heard = self.channel.hear().map_err(|source| broken(&self.channel, source))?;
        let mut result = Ok(());
        for said in heard {
            let name = self.channel.name();
            let outcome = self.supervisor.answer(&said.request, name, &said.reply);
            let concluded = self.channel.conclude(&said, outcome.as_ref().copied());
            result = concluded.map_err(|source| broken(&self.channel, source)).and(result);
        }
        result
    }

    fn draw(&mut self) -> Result<(), FollowError> {
        let mut rows = self.supervisor.pending()?;
        rows.retain(|row| row.until.is_some());
        let mut result = Ok(());
        for row in &rows {
            if !self.shown.contains(&row.request) {
                let offered = self.channel.offer(row);
                let offered = offered.map_err(|source| broken(&self.channel, source));
                if offered.is_ok() {
                    self.shown.insert(row.request.clone());
                }
                let name = self.channel.name();
                let noted = offered.and_then(|()| {
                    self.supervisor.offered(&row.request, name).map_err(FollowError::from)
                });
                result = noted.and(result);
            }
        }
        let over: Vec<String> = self
            .shown
            .iter()
            .filter(|id| rows.iter().all(|row| row.request != **id))
            .cloned()
            .collect();
        for request in over {
            result = self.withdraw(request).and(result);
        }
        result
    }

    fn withdraw(&mut self, request: String) -> Result<(), FollowError> {
        let how = self.supervisor.relay(&request)?.ending();
        let how = how.as_deref().unwrap_or("it is none of this session");
        self.channel.withdraw(&request, how).map_err(|source| broken(&self.channel, source))?;
        self.shown.remove(&request);
        Ok(())
    }
}

fn broken(channel: &impl Channel, source: io::Error) -> FollowError {
    FollowError::Channel { channel: channel.name().to_owned(), source }
}
