//! A store under test.

use std::io::Write;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use super::children::Children;
use super::{Backend, Place};
use crate::memory::MemoryStore;
use crate::store::EventStore;

/// A store under test, empty when a rule gets it, and how to open it again.
pub struct Subject {
    store: Arc<dyn EventStore>,
    backend: Backend,
    /// The name of the test, for another process to run it.
    test: Option<&'static str>,
    /// What this process is to do, if another test has started it.
    role: Option<String>,
    place: Place,
}

impl Subject {
    pub(super) fn new(backend: Backend, place: Place) -> Self {
        let store = backend.open(&place.path());
        Self { store, backend, test: None, role: None, place }
    }

    /// The same store, in a test of this name: rules about several processes run it again.
    pub(super) fn in_test(mut self, test: &'static str) -> Self {
        self.test = Some(test);
        self
    }

    pub(super) fn in_role(mut self, role: String) -> Self {
        self.role = Some(role);
        self
    }

    /// Closes the store and opens it again, if it outlives its handle.
    #[track_caller]
    pub fn reopen(&mut self) {
        if self.backend.persists() {
            self.close();
            self.store = self.backend.open(&self.place.path());
        }
    }

    /// The store, to share with threads.
    #[must_use]
    pub fn shared(&self) -> Arc<dyn EventStore> {
        Arc::clone(&self.store)
    }

    /// Another handle on the same log, if it outlives its handle.
    #[must_use]
    #[track_caller]
    pub fn second(&self) -> Option<Arc<dyn EventStore>> {
        self.backend.persists().then(|| self.backend.open(&self.place.path()))
    }

    /// Closes the store, unless somebody else has the handle that it gives. What stands in for it now is
    /// empty.
    pub fn close(&mut self) -> Arc<dyn EventStore> {
        std::mem::replace(&mut self.store, Arc::new(MemoryStore::new()))
    }

    pub(super) const fn backend(&self) -> &Backend {
        &self.backend
    }

    pub(super) const fn place(&self) -> &Place {
        &self.place
    }

    /// Whether the log outlives its handle. If not, says that the rule is skipped.
    pub(super) fn persists(&self) -> bool {
        let persists = self.backend.persists();
        if !persists {
            self.skip("the log ends with its handle");
        }
        persists
    }

    /// What this process is to do, if a test in another one has started it.
    pub(super) fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }

    /// Other processes that run this test on the same log, each in a role. `None`, and said so, if
    /// there can be none.
    pub(super) fn children<const N: usize>(&self, roles: [&str; N]) -> Option<Children> {
        if !self.persists() {
            return None;
        }
        let Some(test) = self.test else {
            self.skip("no test to start again");
            return None;
        };
        Some(Children::start(test, self.place.folder(), &roles, self.backend.patience))
    }

    /// Says that a rule was not tested.
    pub(super) fn skip(&self, reason: &str) {
        let thread = std::thread::current();
        let test = self.test.or(thread.name()).unwrap_or("a rule");
        // Not through `eprintln!`: that is shown only of tests that fail.
        let _ = writeln!(std::io::stderr(), "{test}: not tested: {reason}");
    }
}

impl Deref for Subject {
    type Target = dyn EventStore;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path: PathBuf = self.place.folder().join("log");
        f.debug_struct("Subject").field("path", &path).finish_non_exhaustive()
    }
}
