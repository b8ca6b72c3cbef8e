//! The memory that lives were read with last, to read the next ones with.
//!
//! Owns one page at the most: who reads beside another brings one of its own. Never holds an event.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::Page;

#[derive(Default)]
pub(super) struct SparePage(Mutex<Option<Page>>);

impl SparePage {
    pub(super) fn take(&self) -> Page {
        self.lock().take().unwrap_or_default()
    }

    pub(super) fn give_back(&self, mut page: Page) {
        page.clear();
        *self.lock() = Some(page);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Page>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
