//! A folder whose every change is logged, and whose disk fails when told to.
//!
//! Owns the log, the faults and the gate in front of syncs. Never changes what it does not log.

mod calls;
mod operation;

pub use operation::{Call, Fault, FileId, Operation};

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::shim;

/// A watched folder.
pub struct Disk {
    folder: PathBuf,
    base: BTreeMap<String, Vec<u8>>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    names: BTreeMap<String, FileId>,
    files: Vec<File>,
    log: Vec<Operation>,
    fault: Option<Fault>,
    counted: u64,
    failed: bool,
    commit_sync_failed: bool,
    full: bool,
    held: bool,
    syncs_ignored: bool,
    waiting: usize,
}

/// What the disk knows of a file.
#[derive(Default)]
struct File {
    journal: bool,
    name_synced: bool,
    unsynced: bool,
    size: u64,
}

/// The folders that are watched.
static WATCHED: Mutex<Vec<Weak<Disk>>> = Mutex::new(Vec::new());

impl Disk {
    /// Watches a folder from now on, until the last handle is dropped. What is there is taken as
    /// durable. No store may be open in it.
    #[must_use]
    pub fn watch(folder: &Path) -> Arc<Self> {
        shim::install();
        let folder = folder.canonicalize().unwrap();
        let base = contents(&folder);
        let mut state = State::default();
        for (file, (name, bytes)) in base.iter().enumerate() {
            state.names.insert(name.clone(), file);
            state.files.push(File { size: bytes.len() as u64, ..File::default() });
        }
        let state = Mutex::new(state);
        let disk = Arc::new(Self { folder, base, state, changed: Condvar::new() });
        let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|disk| disk.strong_count() > 0);
        watched.push(Arc::downgrade(&disk));
        disk
    }

    /// The disk that a file is on, and the file's name there.
    pub(crate) fn of(path: &Path) -> Option<(Arc<Self>, String)> {
        let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        let mut disks = watched.iter().filter_map(Weak::upgrade);
        let disk = disks.find(|disk| path.parent() == Some(&disk.folder))?;
        Some((disk, path.file_name()?.to_str()?.to_owned()))
    }

    /// What the folder held when watching began, and what happened since.
    #[must_use]
    pub fn history(&self) -> (BTreeMap<String, Vec<u8>>, Vec<Operation>) {
        (self.base.clone(), self.state().log.clone())
    }

    /// Notes in the log how many commits have been acknowledged.
    pub fn acknowledged(&self, commits: usize) {
        self.state().log.push(Operation::Acknowledged(commits));
    }

    /// Fails from now on as told; what was counted before is forgotten.
    pub fn fail(&self, fault: Fault) {
        let mut state = self.state();
        state.fault = Some(fault);
        (state.counted, state.failed, state.commit_sync_failed) = (0, false, false);
    }

    /// Fails no more.
    pub fn heal(&self) {
        self.state().fault = None;
    }

    /// Whether the fault has struck.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.state().failed
    }

    /// Whether a sync failed of a journal in which something was not synced yet: that of a commit.
    #[must_use]
    pub fn has_failed_a_commit(&self) -> bool {
        self.state().commit_sync_failed
    }

    /// Lets no file grow, or lets them grow again.
    pub fn set_full(&self, full: bool) {
        self.state().full = full;
    }

    /// Holds up every sync, or lets them go on.
    pub fn hold_syncs(&self, held: bool) {
        self.state().held = held;
        self.changed.notify_all();
    }

    /// Says yes to every sync from now on, and syncs nothing: as if SQLite had been told
    /// `synchronous=OFF`.
    pub fn ignore_syncs(&self) {
        self.state().syncs_ignored = true;
    }

    /// Waits until a sync is held up; a minute without one fails the test.
    pub fn wait_for_held_sync(&self) {
        let minute = Duration::from_secs(60);
        let waited = self.changed.wait_timeout_while(self.state(), minute, |now| now.waiting == 0);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(state.waiting > 0, "nothing is synced");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The files of a folder that survive a crash: not the memory that processes share.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| !path.to_string_lossy().ends_with("-shm"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(&path).unwrap())
        })
        .collect()
}
