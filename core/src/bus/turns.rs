//! Who commits next when several keep getting in each other's way.
//!
//! Commits of one bus do not wait for each other. One that has lost a few times takes a turn: until
//! it is through, the others wait before they begin, so that it cannot lose to them any more. What takes a
//! turn is little: of the events that a part deals with, one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::id::CommitId;

/// How often something is put together anew because somebody else was faster each time.
pub(super) const MAX_TRIES: u32 = 16;

/// How often of these without making the others on this bus wait.
pub(super) const UNHURRIED_TRIES: u32 = 2;

#[derive(Default)]
pub(super) struct Turns {
    wanted: AtomicUsize,
    turn: Mutex<()>,
}

/// The turn of one commit, until it is dropped.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    _turn: MutexGuard<'a, ()>,
}

impl Turns {
    /// Waits while somebody else has a turn.
    pub(super) fn wait(&self) {
        if self.wanted.load(Ordering::Acquire) > 0 {
            drop(self.lock());
        }
    }

    /// To be called before each try of a commit, counted from 0: lets those go first who have a turn; a
    /// commit that has lost a few times takes one, which is kept in `turn`, and waits a little.
    pub(super) fn before_try<'a>(&'a self, tries: u32, turn: &mut Option<Turn<'a>>) {
        if tries < UNHURRIED_TRIES {
            self.wait();
        } else {
            turn.get_or_insert_with(|| self.take());
            back_off((tries - UNHURRIED_TRIES).saturating_add(1));
        }
    }

    /// Takes a turn, after those who took one before.
    fn take(&self) -> Turn<'_> {
        self.wanted.fetch_add(1, Ordering::AcqRel);
        Turn { turns: self, _turn: self.lock() }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.wanted.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Waits a little before a further try: the others are in other processes now. Twice as long each
/// time up to 12.8 ms, and somewhere between half of it and all, so that two do not keep step.
pub(super) fn back_off(tries: u32) {
    let most = 100_u64 << tries.min(7);
    let [.., random] = *CommitId::generate().as_bytes();
    let wait = most / 2 + most * u64::from(random) / 512;
    std::thread::sleep(Duration::from_micros(wait));
}
