//! How a store under test is opened, and what a test can do to it.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Place, Subject};
use crate::store::EventStore;
use crate::testing::{fail, told};

/// A store, or why it could not be opened.
type Opened = Result<Arc<dyn EventStore>, Box<dyn Error + Send + Sync>>;

type Hook<T> = Option<Box<dyn Fn(&Path) -> T>>;

/// How a backend's stores are opened: what [`store_conformance!`](crate::store_conformance) tests.
///
/// Where a store is kept is given by the kit: a path in a folder of its own, at which there is
/// nothing yet, and which no other test has. A backend that keeps its logs elsewhere, as on a server,
/// may name a log after it.
///
/// The hooks lead to what no caller can bring about through the trait. A rule that needs a hook which
/// a backend has not says on the standard error that it was skipped.
pub struct Backend {
    open: Box<dyn Fn(&Path) -> Opened>,
    persists: bool,
    pub(super) patience: Duration,
    pub(super) jammed: Hook<Jammed>,
    pub(super) failing: Hook<Failing>,
    pub(super) foreign: Files,
    pub(super) old: Files,
}

/// What is written for a store to be opened on: what it is called, and who writes it.
pub(super) type Files = Vec<(String, Box<dyn Fn(&Path)>)>;

/// A store whose commits do not get through.
pub(super) struct Jammed {
    pub(super) store: Arc<dyn EventStore>,
    pub(super) queue: usize,
    /// Lets them through when it is dropped.
    pub(super) jam: Box<dyn Any>,
}

/// A store whose next commit can be made to end without a certain outcome.
pub(super) struct Failing {
    pub(super) store: Arc<dyn EventStore>,
    pub(super) fail: Box<dyn Fn()>,
}

impl Backend {
    /// A backend whose log ends with its handle. What is about opening again, about files and about
    /// several processes is skipped.
    #[must_use]
    pub fn in_memory<S: EventStore + 'static>(open: impl Fn() -> S + 'static) -> Self {
        Self::new(false, move |_| Ok(Arc::new(open())))
    }

    /// A backend whose log outlives its handle: opens the log at a path, and creates it if there is
    /// nothing.
    #[must_use]
    pub fn at_path<S, E>(open: impl Fn(&Path) -> Result<S, E> + 'static) -> Self
    where
        S: EventStore + 'static,
        E: Error + Send + Sync + 'static,
    {
        Self::new(true, move |path| Ok(Arc::new(open(path)?)))
    }

    fn new(persists: bool, open: impl Fn(&Path) -> Opened + 'static) -> Self {
        Self {
            open: Box::new(open),
            persists,
            patience: Duration::from_secs(60),
            jammed: None,
            failing: None,
            foreign: Vec::new(),
            old: Vec::new(),
        }
    }

    /// How long the kit waits for an answer before it says that there is none: 60 seconds unless
    /// set. It says nothing of how fast a store has to be.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// For R15: opens a store of which at most `queue` commits wait for the disk, and keeps commits
    /// from it until the second value is dropped. How long a commit waits for room before it is
    /// [`Busy`](crate::store::AppendError::Busy) should be set to little.
    #[must_use]
    pub fn jammed<S: EventStore + 'static, J: Any>(
        mut self,
        queue: usize,
        open: impl Fn(&Path) -> (S, J) + 'static,
    ) -> Self {
        self.jammed = Some(Box::new(move |path| {
            let (store, jam) = open(path);
            Jammed { store: Arc::new(store), queue, jam: Box::new(jam) }
        }));
        self
    }

    /// For R7: opens a store, with a function after which the outcome of its next commit is
    /// [unknown](crate::store::AppendError::OutcomeUnknown).
    #[must_use]
    pub fn failing<S: EventStore + 'static, F: Fn() + 'static>(
        mut self,
        open: impl Fn(&Path) -> (S, F) + 'static,
    ) -> Self {
        self.failing = Some(Box::new(move |path| {
            let (store, fail) = open(path);
            Failing { store: Arc::new(store), fail: Box::new(fail) }
        }));
        self
    }

    /// For R14: writes at a path what no store of this version may open, such as the file of a newer
    /// format. Can be said several times; files that are of no store at all, and files that are cut
    /// short, the kit makes itself.
    #[must_use]
    pub fn refuses(mut self, what: impl Into<String>, write: impl Fn(&Path) + 'static) -> Self {
        self.foreign.push((what.into(), Box::new(write)));
        self
    }

    /// For R18: writes at a path a log as a released version has left it. Can be said several times.
    #[must_use]
    pub fn opens(mut self, what: impl Into<String>, write: impl Fn(&Path) + 'static) -> Self {
        self.old.push((what.into(), Box::new(write)));
        self
    }

    /// An empty store, for a rule of the kit or a test of one's own.
    #[must_use]
    #[track_caller]
    pub fn subject(self) -> Subject {
        Subject::new(self, Place::new())
    }

    pub(super) const fn persists(&self) -> bool {
        self.persists
    }

    pub(super) fn try_open(&self, path: &Path) -> Opened {
        (self.open)(path)
    }

    #[track_caller]
    pub(super) fn open(&self, path: &Path) -> Arc<dyn EventStore> {
        match self.try_open(path) {
            Ok(store) => store,
            Err(error) => fail(&format!("it does not open: {}", told(&*error))),
        }
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").field("persists", &self.persists).finish_non_exhaustive()
    }
}
