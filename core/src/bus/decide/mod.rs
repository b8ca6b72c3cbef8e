//! Commands from outside: load, decide, record, commit, in one call.
//!
//! Owns how often a decision is made, and that one with a key is carried out once. Never decides, and
//! writes nothing of its own but the answer, in the commit that it belongs to.

mod answers;
mod error;

pub use error::DecideError;

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::turns::back_off;
use super::{Alongside, Bus, CommitReason};
use crate::aggregate::Aggregate;
use crate::id::CommitId;
use crate::lifecycle::{Lifecycle, Stage};
use crate::name::Name;
use crate::store::{AppendError, Receipt};
use answers::Answers;

/// A decision on one life that is being set up: see [`Bus::decide`].
#[must_use = "nothing happens before `run`"]
pub struct Decide<'a, L> {
    bus: &'a Bus,
    id: String,
    key: Option<String>,
    retries: u32,
    lifecycle: PhantomData<fn() -> L>,
}

impl<L> fmt::Debug for Decide<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decide")
            .field("id", &self.id)
            .field("key", &self.key)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

/// What was decided, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Decided<T> {
    /// The answer of the decision; with a key, that of the first time.
    pub answer: T,
    /// The receipt of the commit; `None` if nothing was recorded, and so nothing written. It says
    /// [`already_appended`](Receipt::already_appended) if the key was carried out before, and this is
    /// the answer of then.
    pub receipt: Option<Receipt>,
}

impl Bus {
    /// A decision on one life: what [`run`](Decide::run) is given sees the life, and says what is
    /// recorded in it and what is answered.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use serde::{Deserialize, Serialize};
    /// # use vitae::{Bus, Context, Event, Lifecycle, MemoryStore};
    /// # #[derive(Event, Serialize, Deserialize)]
    /// # #[event(name = "account.paid_in")]
    /// # struct PaidIn { cents: u64 }
    /// # #[derive(Lifecycle)]
    /// # #[lifecycle(name = "account")]
    /// # enum Account {
    /// #     #[state(initial)]
    /// #     #[on(PaidIn => Open)]
    /// #     Open(Open),
    /// # }
    /// # #[derive(Clone, Default)]
    /// # struct Open { cents: u64 }
    /// # impl AccountTransitions for Account {
    /// #     fn open_on_paid_in(from: Open, event: &PaidIn, _: &Context) -> Open {
    /// #         Open { cents: from.cents + event.cents }
    /// #     }
    /// # }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::open(Arc::new(MemoryStore::new()))?;
    /// let pay_in = || {
    ///     bus.decide::<Account>("7").key("request-17").retries(5).run(|account| {
    ///         let account = account.record(PaidIn { cents: 100 })?;
    ///         let Account::Open(Open { cents }) = account.state();
    ///         let balance = *cents;
    ///         Ok::<_, vitae::HandlerError>((account, balance))
    ///     })
    /// };
    /// assert_eq!(pay_in()?.answer, 100);
    ///
    /// // The same request again: nothing happens, and this is said.
    /// let again = pay_in()?;
    /// assert_eq!(again.answer, 100);
    /// assert!(again.receipt.is_some_and(|receipt| receipt.already_appended));
    /// # Ok(())
    /// # }
    /// ```
    pub fn decide<L: Lifecycle>(&self, id: impl Into<String>) -> Decide<'_, L> {
        Decide { bus: self, id: id.into(), key: None, retries: 0, lifecycle: PhantomData }
    }
}

impl<L: Lifecycle> Decide<'_, L> {
    /// The key of the request, by which it is recognised when it comes again: a [`Name`] that whoever
    /// asks gives to one request and no other. It counts for this life of this lifecycle.
    ///
    /// The commit's id is made of the key, so it is the log that knows whether the request was carried
    /// out, for good; the answer is kept beside it until [`Bus::forget_answers`].
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// How often it is decided anew when somebody else has moved the life meanwhile. Unless set,
    /// never: the conflict is returned. Before each further time it waits a little, 12.8 ms at most.
    pub const fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Loads the life, asks what to do, and commits what was recorded, with what policies and inline
    /// projections make of it. Blocks until the store has answered.
    ///
    /// The decision is asked again after a conflict ([`retries`](Self::retries)), so it must do nothing
    /// but look and record.
    ///
    /// With a [`key`](Self::key) that was carried out before, it is not asked at all: the first answer
    /// and receipt come back. Of two that come at the same time one is carried out, and the other gets
    /// its answer. What recorded nothing has left nothing, whether it was refused or there was nothing
    /// to do: the same key is then decided anew.
    ///
    /// An answer is kept as postcard, which does not say what it is: give a key's answer the same type
    /// for as long as it is kept.
    ///
    /// # Errors
    /// [`DecideError`]. Nothing was written, unless the outcome is unknown
    /// ([`AppendError::OutcomeUnknown`]). Then reopen the store: with a key, run the same again;
    /// without one, ask for the [receipt](crate::store::EventStore::receipt) of the commit that the
    /// error names, for another run would be another commit.
    pub fn run<S: Stage<L>, T: Serialize + DeserializeOwned, E>(
        self,
        decide: impl Fn(Aggregate<L>) -> Result<(Aggregate<L, S>, T), E>,
    ) -> Result<Decided<T>, DecideError<E>> {
        let commit = self.commit_id()?;
        let answers = Answers::of(self.bus);
        let mut tries = 0;
        loop {
            match self.once(commit, &answers, &decide) {
                Err(DecideError::Commit(CommitReason::Append(AppendError::Conflict {
                    ..
                }))) if tries < self.retries => {
                    tries += 1;
                    back_off(tries);
                }
                outcome => return outcome,
            }
        }
    }

    fn once<S: Stage<L>, T: Serialize + DeserializeOwned, E>(
        &self,
        commit: Option<CommitId>,
        answers: &Answers<'_>,
        decide: impl Fn(Aggregate<L>) -> Result<(Aggregate<L, S>, T), E>,
    ) -> Result<Decided<T>, DecideError<E>> {
        // Loaded before the key is looked up: what is decided on is then the life without what the key
        // stands for, even if that is committed meanwhile.
        let loaded = self.bus.load::<L>(&self.id);
        if let Some(decided) = self.known(commit, answers)? {
            return Ok(decided);
        }
        let (life, answer) = decide(loaded?).map_err(DecideError::Refused)?;
        if life.recorded() == 0 {
            return Ok(Decided { answer, receipt: None });
        }
        let mut alongside = Alongside::new();
        if let Some(commit) = commit {
            alongside = alongside.commit_id(commit).row(answers.row(commit, &answer)?);
        }
        match self.bus.commit_alongside(life, alongside).map_err(|error| error.into_parts().1) {
            Ok((_, receipt)) => Ok(Decided { answer, receipt: Some(receipt) }),
            // Somebody else was carrying it out, and was faster.
            Err(reason @ CommitReason::Append(AppendError::IdempotencyConflict { .. })) => {
                self.known(commit, answers)?.ok_or(DecideError::Commit(reason))
            }
            Err(reason) => Err(DecideError::Commit(reason)),
        }
    }

    fn commit_id<E>(&self) -> Result<Option<CommitId>, DecideError<E>> {
        let Some(key) = &self.key else { return Ok(None) };
        let key = Name::new(key)?;
        Ok(Some(CommitId::of_command(L::DEFINITION.name, &self.id, &key)))
    }

    /// What was decided under the key before.
    fn known<T: DeserializeOwned, E>(
        &self,
        commit: Option<CommitId>,
        answers: &Answers<'_>,
    ) -> Result<Option<Decided<T>>, DecideError<E>> {
        let Some(commit) = commit else { return Ok(None) };
        let Some(receipt) = self.bus.store().receipt(commit)? else { return Ok(None) };
        let receipt = receipt.repeated();
        match answers.find(commit)? {
            Some(answer) => Ok(Some(Decided { answer, receipt: Some(receipt) })),
            None => Err(DecideError::AnswerGone { receipt }),
        }
    }
}
