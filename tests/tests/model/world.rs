//! The reference: the memory store, and what commands refer back to.
//!
//! Owns making a command concrete. Never sees the store under test.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use vitae::store::{Checkpoint, Commit, EventStore, Limits, Page, Query, Read};
use vitae::{
    CommitId, ManualClock, MemoryStore, Name, RowVersion, StreamId, StreamVersion, Timestamp,
};

use crate::act::{Act, comparable, rows};
use crate::command::{Attempt, Command};
use crate::versions::Versions;

/// So small that random sizes are now and then beyond them.
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_payload_bytes = 8;
    limits.max_events = 4;
    limits.max_key_bytes = 2;
    limits.max_cursor_bytes = 2;
    limits.max_snapshot_bytes = 12;
    limits
}

pub(crate) struct World {
    pub(crate) store: MemoryStore,
    clock: Arc<ManualClock>,
    pub(crate) now: Timestamp,
    /// Every commit that was handed over, taken or not.
    pub(crate) tried: Vec<Commit>,
    /// The checkpoints as they stand: a store does not show one that has diverged.
    pub(crate) checkpoints: BTreeMap<Name, Checkpoint>,
    /// For each row the version that it had last before it got another.
    pub(crate) earlier: BTreeMap<(Name, Vec<u8>), RowVersion>,
    /// What the last command came to, and the answer.
    pub(crate) last: Option<(Act, String)>,
    commands: Vec<Command>,
}

impl World {
    pub(crate) fn new() -> Self {
        let now = Timestamp::from_micros(0);
        let clock = Arc::new(ManualClock::new(now));
        Self {
            store: MemoryStore::with_limits(limits()).with_clock(clock.clone()),
            clock,
            now,
            tried: Vec::new(),
            checkpoints: BTreeMap::new(),
            earlier: BTreeMap::new(),
            last: None,
            commands: Vec::new(),
        }
    }

    pub(crate) fn after(mut self, command: &Command) -> Self {
        self.commands.push(command.clone());
        self.last = None;
        match command {
            Command::Append(attempts) => {
                let before = rows(&self.store);
                // Each is made concrete on what the one before has left. A store must come to the
                // same answers when it is handed all of them at once.
                let commits: Vec<_> = attempts.iter().map(|attempt| self.append(attempt)).collect();
                let (commits, answers): (Vec<_>, Vec<_>) = commits.into_iter().unzip();
                self.last = Some((Act::Append(commits), format!("{answers:?}")));
                let after = rows(&self.store);
                for (view, row) in before.into_iter().filter(|row| !after.contains(row)) {
                    self.earlier.insert((view, row.key), row.version);
                }
            }
            Command::Ask(act) => {
                self.last = Some((act.clone(), act.perform(&self.store, &mut Versions::Same)))
            }
            Command::AskReceipt(nth) if !self.tried.is_empty() => {
                let act = Act::Receipt(self.tried[nth.index(self.tried.len())].id);
                let answer = act.perform(&self.store, &mut Versions::Same);
                self.last = Some((act, answer));
            }
            Command::SetClock(micros) => {
                self.now = Timestamp::from_micros(*micros);
                self.clock.set(self.now);
            }
            Command::AskReceipt(_) | Command::Reopen => {}
        }
        self
    }

    /// What the reference answers.
    pub(crate) fn answers(&self, acts: impl IntoIterator<Item = Act>) -> Vec<(Act, String)> {
        let answer = |act: &Act| act.perform(&self.store, &mut Versions::Same);
        acts.into_iter().map(|act| (act.clone(), answer(&act))).collect()
    }

    fn append(
        &mut self,
        attempt: &Attempt,
    ) -> (Commit, Result<vitae::store::Receipt, vitae::store::AppendError>) {
        let commit = match attempt {
            Attempt::Again { nth, changed } if !self.tried.is_empty() => {
                let mut commit = self.tried[nth.index(self.tried.len())].clone();
                if *changed {
                    change(&mut commit);
                }
                commit
            }
            Attempt::Again { .. } => Commit::new(self.next_id()),
            Attempt::New(plan) => plan.resolve(self),
        };
        self.tried.push(commit.clone());
        let answer = comparable(self.store.append(commit.clone()).wait());
        if answer.as_ref().is_ok_and(|receipt| !receipt.already_appended) {
            for moved in &commit.checkpoints {
                self.checkpoints.insert(moved.name.clone(), moved.to.clone());
            }
        }
        (commit, answer)
    }

    /// An id that no other commit of this world has.
    pub(crate) fn next_id(&self) -> CommitId {
        CommitId::from_bytes((self.tried.len() as u128 + 1).to_be_bytes())
    }

    /// The position of the last event, 0 if there is none.
    pub(crate) fn head(&self) -> u64 {
        self.store.head().unwrap().map_or(0, |head| head.get())
    }

    /// What the stream is at.
    pub(crate) fn version(&self, id: &StreamId) -> Option<StreamVersion> {
        let mut page = Page::new();
        self.store.read(&Read::stream(id.clone()).backwards().page_of(1), &mut page).unwrap();
        page.iter().next().map(|event| event.version())
    }

    /// The checksum of the event at a position.
    pub(crate) fn checksum(&self, position: u64) -> Option<vitae::store::Checksum> {
        let from = vitae::GlobalPosition::new(position)?;
        let mut page = Page::new();
        let read = Read::log(Query::all()).from_position(from).page_of(1);
        self.store.read(&read, &mut page).unwrap();
        page.iter().next().map(|event| event.checksum())
    }
}

/// Gives a commit other content: it erases less, keeps less, or holds another payload.
fn change(commit: &mut Commit) {
    if commit.erasures.pop().is_some() || commit.snapshots.pop().is_some() {
        return;
    }
    if let Some(event) = commit.events.first_mut() {
        let changed = [event.payload.bytes().unwrap_or_default(), &[7]].concat();
        event.payload = changed.into();
    }
}

/// Does again what has been done: a memory store has no copy.
impl Clone for World {
    fn clone(&self) -> Self {
        self.commands.iter().fold(Self::new(), Self::after)
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("commands", &self.commands.len()).finish_non_exhaustive()
    }
}
