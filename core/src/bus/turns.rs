//! Who commits next when several keep getting in each other's way.
//!
//! Commits of one bus do not wait for each other. One that has lost a few times takes a turn: until
//! it is through, the others wait before they begin, so that it cannot lose to them any more.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

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

    /// Takes a turn, after those who took one before.
    pub(super) fn take(&self) -> Turn<'_> {
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
