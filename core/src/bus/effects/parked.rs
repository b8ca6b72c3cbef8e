//! Events that an effect was tried on as often as it may be: what becomes of them is for somebody to say.

use std::collections::VecDeque;

use super::erased::load;
use super::index::Index;
use super::life::{EffectGivenUp, EffectRetried, Parked, SetAside, Waiting, life_of};
use crate::aggregate::{Aggregate, RecordError, RecordReason};
use crate::bus::turns::{MAX_TRIES, back_off};
use crate::bus::{Alongside, Bus, CommitReason, LoadError};
use crate::lifecycle::{Refusal, Stage};
use crate::name::{InvalidName, Name, StreamId};
use crate::number::GlobalPosition;
use crate::store::{AppendError, ReadError, Receipt, ViewRow};
use crate::time::Timestamp;

/// The parked events of one effect: see [`Bus::parked`]. A stream has one of them at the most: what comes
/// behind it waits.
pub struct ParkedEvents {
    bus: Bus,
    effect: Name,
    index: Index,
}

/// An event that is not tried any more until somebody says so.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ParkedEvent {
    /// Its stream.
    pub stream: StreamId,
    /// Its position.
    pub position: GlobalPosition,
    /// Its kind.
    pub kind: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong the last time, 1,024 bytes of it at the most; that it was erased, if it was.
    pub error: String,
    /// Since when it is parked.
    pub since: Timestamp,
    /// How many later events of its stream wait for it.
    pub waiting: usize,
}

impl Bus {
    /// The parked events of an effect, which need not be registered on this bus: all that is known of
    /// them stands on the log.
    ///
    /// # Errors
    /// [`InvalidName`] if the effect's name cannot be a name.
    pub fn parked(&self, effect: impl AsRef<str>) -> Result<ParkedEvents, InvalidName> {
        let effect = Name::new(effect)?;
        Ok(ParkedEvents { bus: self.clone(), index: Index::of(&effect), effect })
    }
}

impl ParkedEvents {
    /// All of them, in no order that means anything. Read in pages: what is parked or released meanwhile
    /// may be seen or not.
    ///
    /// An item is an error if the store cannot be read, or what it says of an event cannot be.
    pub fn list(&self) -> impl Iterator<Item = Result<ParkedEvent, LoadError>> {
        let mut page: VecDeque<ViewRow> = VecDeque::new();
        let mut after: Option<Vec<u8>> = None;
        let mut ended = false;
        std::iter::from_fn(move || {
            while !ended {
                if let Some(row) = page.pop_front() {
                    match self.load(&self.index.life_of_parked(&row.key)).transpose() {
                        Some(found) => return Some(found),
                        None => continue,
                    }
                }
                match self.index.parked(&self.bus.inner, after.as_deref()) {
                    Ok(rows) => page = rows.into(),
                    Err(error) => {
                        ended = true;
                        return Some(Err(error.into()));
                    }
                }
                ended = page.is_empty();
                after = page.back().map(|row| row.key.clone());
            }
            None
        })
    }

    /// That of a stream, `None` if none of its events is parked.
    ///
    /// # Errors
    /// [`LoadError`], as [`Bus::load`].
    pub fn get(&self, stream: &StreamId) -> Result<Option<ParkedEvent>, LoadError> {
        self.load(&life_of(&self.effect, stream))
    }

    /// Has that of a stream tried anew, at once and as often as one that is new. What waits behind it
    /// goes on when it is delivered.
    ///
    /// # Errors
    /// [`ParkedError`]; nothing was written, unless the outcome is unknown. A retry is safe.
    pub fn retry(&self, stream: &StreamId) -> Result<Receipt, ParkedError> {
        self.decide(stream, |life, position| life.record(EffectRetried { position }))
    }

    /// Gives that of a stream up: it is not tried any more, and what waits behind it goes on. The
    /// reason stays on the log.
    ///
    /// # Errors
    /// As [`retry`](Self::retry).
    pub fn give_up(
        &self,
        stream: &StreamId,
        reason: impl Into<String>,
    ) -> Result<Receipt, ParkedError> {
        let reason = reason.into();
        self.decide(stream, |life, position| {
            life.record(EffectGivenUp { position, reason: reason.clone() })
        })
    }

    fn decide(
        &self,
        stream: &StreamId,
        record: impl Fn(Released, u64) -> Result<Aggregate<SetAside, Waiting>, Refused>,
    ) -> Result<Receipt, ParkedError> {
        let inner = &self.bus.inner;
        let life = life_of(&self.effect, stream);
        let mut tries = 0;
        loop {
            tries += 1;
            let parked = load(inner, &life)?;
            let old = self.index.key(&life, parked.state());
            let parked = parked.at::<Parked>().map_err(|_| ParkedError::NotParked {
                effect: self.effect.clone(),
                stream: stream.clone(),
            })?;
            let position = parked.state().event.position;
            let released = record(parked, position).map_err(|error| error.into_parts().1)?;
            let new = self.index.key(&life, &Waiting::duplicate(released.state()));
            let rows = self.index.changes(inner, old.into_iter().collect(), new)?;
            let alongside = rows.into_iter().fold(Alongside::new(), Alongside::row);
            match self.bus.commit_alongside(released, alongside) {
                Ok((_, receipt)) => return Ok(receipt),
                Err(error) => match error.into_parts().1 {
                    // Something came behind it, or somebody else decided.
                    CommitReason::Append(
                        AppendError::Conflict { .. } | AppendError::StaleRow { .. },
                    ) if tries < MAX_TRIES => back_off(tries),
                    reason => return Err(reason.into()),
                },
            }
        }
    }

    fn load(&self, life: &str) -> Result<Option<ParkedEvent>, LoadError> {
        let life = load(&self.bus.inner, life)?;
        let SetAside::Parked(Parked { event, since, behind }) = life.state() else {
            return Ok(None);
        };
        let Some(position) = GlobalPosition::new(event.position) else { return Ok(None) };
        Ok(Some(ParkedEvent {
            stream: StreamId::new(&event.category, &event.stream)?,
            position,
            kind: event.kind.clone(),
            attempts: event.attempts,
            error: event.error.clone(),
            since: *since,
            waiting: behind.len(),
        }))
    }
}

type Released = Aggregate<SetAside, Parked>;
type Refused = RecordError<Released, Refusal>;

/// Why nothing was decided on a parked event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParkedError {
    /// None of the stream's events is parked, or not any more.
    #[error("nothing of `{stream}` is parked for the effect `{effect}`; look at the list again")]
    NotParked {
        /// The effect.
        effect: Name,
        /// The stream.
        stream: StreamId,
    },
    /// What is known of it could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store could not be read.
    #[error("the store could not be read")]
    Read(#[from] ReadError),
    /// The decision could not be recorded.
    #[error(transparent)]
    Record(#[from] RecordReason<Refusal>),
    /// The commit was not acknowledged.
    #[error(transparent)]
    Commit(#[from] CommitReason),
}
