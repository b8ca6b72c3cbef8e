//! What one commit says of deliveries.
//!
//! Owns that rows change with the lives that they lead to. Never decides what is recorded.

use std::collections::BTreeMap;

use super::erased::{is_erased, restored};
use super::index::Index;
use super::life::SetAside;
use crate::bus::working::Working;
use crate::bus::{CommitReason, Inner, LoadError, ReactionError};
use crate::id::CommitId;
use crate::lifecycle::{Context, Lifecycle, Refusal};
use crate::store::Commit;

pub(super) struct Acts<'a> {
    inner: &'a Inner,
    index: &'a Index,
    working: Working,
    /// The lives that were looked at, with the keys that they were found under.
    lives: BTreeMap<String, Vec<Vec<u8>>>,
}

impl<'a> Acts<'a> {
    pub(super) fn new(inner: &'a Inner, index: &'a Index) -> Self {
        let working = Working::of_nobody(CommitId::generate());
        Self { inner, index, working, lives: BTreeMap::new() }
    }

    /// A life was found under a key.
    pub(super) fn found(&mut self, life: &str, key: Vec<u8>) {
        self.lives.entry(life.to_owned()).or_default().push(key);
    }

    /// What is set aside, with what this commit has recorded so far. It must be so still when the commit
    /// is taken.
    pub(super) fn state(&mut self, life: &str) -> Result<SetAside, LoadError> {
        match self.working.state::<SetAside>(self.inner, life) {
            Err(error) if is_erased(&error) => {
                self.working.add(Box::new(restored(self.inner, life)?));
                self.working.state::<SetAside>(self.inner, life)
            }
            state => state,
        }
    }

    /// Records that something happened to the delivery of an event. The life was looked at before.
    pub(super) fn record(
        &mut self,
        life: &str,
        act: impl Into<<SetAside as Lifecycle>::Event>,
        event: &Context,
    ) -> Result<(), ReactionError<Refusal>> {
        let now = self.inner.home.clock.now();
        self.lives.entry(life.to_owned()).or_default();
        self.working.record::<SetAside>(self.inner, life, act.into(), event, (now, 0))
    }

    pub(super) fn complete(mut self) -> Result<(Commit, Working), CommitReason> {
        let mut commit = self.inner.complete(&mut self.working)?;
        for (life, old) in self.lives {
            let state = self.working.state::<SetAside>(self.inner, &life)?;
            let new = self.index.key(&life, &state);
            commit.rows.extend(self.index.changes(self.inner, old, new)?);
        }
        Ok((commit, self.working))
    }
}
