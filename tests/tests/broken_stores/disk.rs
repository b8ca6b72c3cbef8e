//! A disk in memory: logs that outlive their handles, with the hooks of the kit.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::time::Duration;

use vitae::store::{AppendError, Commit, Completer, EventStore, Ticket};
use vitae::{CommitId, MemoryStore};
use vitae_tests::{Backend, Draft};

use crate::flaw::{Broken, Flaw, Overload, Unknown};

type Log = Arc<dyn EventStore>;

static DISK: LazyLock<Mutex<HashMap<PathBuf, Log>>> = LazyLock::new(Mutex::default);
static OLD: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// How many commits wait while the disk is jammed.
const QUEUE: usize = 3;

#[derive(Debug)]
pub(crate) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is not one of ours")
    }
}

impl std::error::Error for Refused {}

fn log(path: &Path) -> Log {
    let mut disk = DISK.lock().unwrap();
    Arc::clone(disk.entry(path.to_owned()).or_insert_with(|| Arc::new(MemoryStore::new())))
}

fn open<F: Flaw + Default>(path: &Path) -> Result<Broken<F>, Refused> {
    let foreign = F::LOOKS_AT_FILES && path.exists();
    let old = !F::OPENS_OLD && OLD.lock().unwrap().iter().any(|old| old == path);
    if foreign || old { Err(Refused) } else { Ok(Broken::new(log(path))) }
}

/// A backend with a flaw.
pub(crate) fn backend<F: Flaw + Default>() -> Backend {
    Backend::at_path(open::<F>)
        // Nothing here takes long: what has not come by then does not come.
        .patience(Duration::from_secs(6))
        .jammed(QUEUE, |path| {
            let jam = Arc::new(Jam::on(log(path), F::OVERLOAD));
            (Broken::with(log(path), Jammed(Arc::clone(&jam))), KeepsOn(jam))
        })
        .failing(|path| {
            let failing = Failing(Arc::new(Fault { unknown: F::UNKNOWN, ..Fault::default() }));
            let fault = Arc::clone(&failing.0);
            (Broken::with(log(path), failing), move || {
                fault.armed.store(true, Ordering::SeqCst);
            })
        })
        .opens("a log of an older version", |path| {
            OLD.lock().unwrap().push(path.to_owned());
            Draft::new().on("a/1").event("x", b"old").must(&*log(path));
        })
}

/// While it is on, no commit reaches the disk.
struct Jam {
    log: Log,
    overload: Overload,
    on: Mutex<bool>,
    over: Condvar,
    waiting: Mutex<VecDeque<(Commit, Completer)>>,
}

impl Jam {
    fn on(log: Log, overload: Overload) -> Self {
        let (on, over, waiting) = (Mutex::new(true), Condvar::new(), Mutex::default());
        Self { log, overload, on, over, waiting }
    }

    fn end(&self) {
        *self.on.lock().unwrap() = false;
        self.over.notify_all();
        for (commit, completer) in self.waiting.lock().unwrap().drain(..) {
            completer.complete(self.log.append(commit).wait());
        }
    }

    fn queue(&self, commit: Commit) -> Ticket {
        let (ticket, completer) = Ticket::pending(commit.id);
        self.waiting.lock().unwrap().push_back((commit, completer));
        ticket
    }
}

/// The handle on a jammed log.
struct Jammed(Arc<Jam>);

impl Flaw for Jammed {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let jam = &self.0;
        if !*jam.on.lock().unwrap() {
            return log.append(commit);
        }
        let full = jam.waiting.lock().unwrap().len() >= QUEUE;
        match jam.overload {
            _ if !full => jam.queue(commit),
            Overload::IsBusy => Ticket::ready(Err(AppendError::Busy)),
            Overload::IsQueuedWithoutBound => jam.queue(commit),
            Overload::IsBusyAndWritten => {
                drop(jam.queue(commit));
                Ticket::ready(Err(AppendError::Busy))
            }
            Overload::BlocksTheCaller => {
                drop(jam.over.wait_while(jam.on.lock().unwrap(), |on| *on));
                log.append(commit)
            }
        }
    }
}

/// What keeps a jam on: it ends when this is dropped.
struct KeepsOn(Arc<Jam>);

impl Drop for KeepsOn {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What becomes of a commit when its disk fails.
#[derive(Default)]
struct Fault {
    unknown: Unknown,
    armed: AtomicBool,
    lost: Mutex<Option<CommitId>>,
}

struct Failing(Arc<Fault>);

#[derive(Debug)]
struct DiskFailed;

impl fmt::Display for DiskFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the disk failed")
    }
}

impl std::error::Error for DiskFailed {}

impl Flaw for Failing {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let unknown =
            |commit| Err(AppendError::OutcomeUnknown { commit, source: Arc::new(DiskFailed) });
        let mut lost = self.0.lost.lock().unwrap();
        if self.0.armed.swap(false, Ordering::SeqCst) {
            *lost = Some(commit.id);
            return Ticket::ready(match self.0.unknown {
                Unknown::IsSaidToBeNothing => Err(AppendError::StorageFull),
                Unknown::Closes | Unknown::GoesOn => unknown(commit.id),
            });
        }
        match *lost {
            Some(_) if self.0.unknown == Unknown::GoesOn => log.append(commit),
            Some(lost) if lost == commit.id => Ticket::ready(unknown(lost)),
            Some(_) => Ticket::ready(Err(AppendError::Closed)),
            None => log.append(commit),
        }
    }
}
