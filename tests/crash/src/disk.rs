//! A folder whose every change is logged, and whose disk fails when told to.
//!
//! Owns the log, the faults and the gate in front of syncs. Never changes what it does not log.

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::fs;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use rusqlite::ffi;

use crate::shim;

/// A file that had a name at some time. Another one of the same name has another number.
pub type FileId = usize;

/// What happened on a disk.
#[derive(Clone, Debug)]
pub enum Operation {
    /// A name was given to a file: to a new one, or to one that has another name already.
    Named {
        /// The name in the folder.
        name: String,
        /// The file.
        file: FileId,
    },
    /// Bytes were written. A crash may lose them, or some sectors of them, until the file is synced.
    Written {
        /// The file.
        file: FileId,
        /// Where, in bytes from its beginning.
        offset: u64,
        /// What.
        bytes: Vec<u8>,
    },
    /// A file was cut off.
    Truncated {
        /// The file.
        file: FileId,
        /// Its size since.
        size: u64,
    },
    /// What was written to a file so far is durable.
    Synced(FileId),
    /// A sync failed: what was written since the one before may never reach the disk, whatever
    /// later syncs say.
    SyncFailed(FileId),
    /// The names of the folder are durable.
    FolderSynced,
    /// A name was taken away.
    Deleted(String),
    /// So many commits, counted by the test, were acknowledged when this was logged.
    Acknowledged(usize),
}

/// What a disk is asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// To read.
    Read,
    /// To write, cut off or delete.
    Write,
    /// To sync.
    Sync,
}

/// When a disk fails, and what it says.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Which calls are counted.
    pub call: Call,
    /// Which of them fails, counted from 1.
    pub nth: u64,
    /// Whether all after it fail too.
    pub lasting: bool,
    /// SQLite's extended code for it.
    pub code: c_int,
}

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
        let disk = watched.iter().filter_map(Weak::upgrade);
        let disk = disk.into_iter().find(|disk| path.parent() == Some(&disk.folder))?;
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

    /// Waits until a sync is held up.
    pub fn wait_for_held_sync(&self) {
        let mut state = self.state();
        while state.waiting == 0 {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What SQLite does, as the shim reports it.
impl Disk {
    /// `None` if there is no such file, and none is to be created.
    pub(crate) fn opened(&self, name: &str, create: bool, journal: bool) -> Option<FileId> {
        let mut state = self.state();
        if let Some(file) = state.names.get(name) {
            return Some(*file);
        }
        if !create && !self.folder.join(name).exists() {
            return None;
        }
        let file = state.files.len();
        state.files.push(File { journal, ..File::default() });
        state.name(name, file);
        Some(file)
    }

    /// A file or a folder is synced by somebody else than SQLite.
    pub(crate) fn synced_past_sqlite(path: &Path) -> Result<(), c_int> {
        if let Some((disk, name)) = Self::of(path) {
            let file = disk.state().names.get(&name).copied();
            return file.map_or(Ok(()), |file| disk.sync_file(file, false));
        }
        if let Some((disk, _)) = Self::of(&path.join("any")) {
            let mut state = disk.state();
            disk.look_for_links(&mut state);
            state.count(Call::Sync)?;
            state.log.push(Operation::FolderSynced);
        }
        Ok(())
    }

    /// Finds files that have been given another name past SQLite.
    fn look_for_links(&self, state: &mut State) {
        let inode = |name: &str| Some(fs::metadata(self.folder.join(name)).ok()?.ino());
        let known = state.names.iter().filter_map(|(name, file)| Some((inode(name)?, *file)));
        let known: BTreeMap<_, _> = known.collect();
        for entry in fs::read_dir(&self.folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if let (Some(file), false) = (known.get(&entry.ino()), state.names.contains_key(&name))
            {
                state.name(&name, *file);
            }
        }
    }

    pub(crate) fn may_read(&self) -> Result<(), c_int> {
        self.state().count(Call::Read)
    }

    /// How many of the bytes are written, and what is answered. A write that fails writes a part.
    pub(crate) fn write(&self, file: FileId, offset: u64, bytes: &[u8]) -> (usize, c_int) {
        let mut state = self.state();
        let end = offset + bytes.len() as u64;
        let (taken, answer) = match state.count(Call::Write) {
            Err(code) => (bytes.len() / 2, code),
            Ok(()) if state.full && end > state.files[file].size => (0, ffi::SQLITE_FULL),
            Ok(()) => (bytes.len(), ffi::SQLITE_OK),
        };
        if taken > 0 {
            let known = &mut state.files[file];
            known.unsynced = true;
            known.size = known.size.max(offset + taken as u64);
            let bytes = bytes[..taken].to_vec();
            state.log.push(Operation::Written { file, offset, bytes });
        }
        (taken, answer)
    }

    pub(crate) fn truncate(&self, file: FileId, size: u64) -> Result<(), c_int> {
        let mut state = self.state();
        state.count(Call::Write)?;
        (state.files[file].unsynced, state.files[file].size) = (true, size);
        state.log.push(Operation::Truncated { file, size });
        Ok(())
    }

    pub(crate) fn may_delete(&self) -> Result<(), c_int> {
        self.state().count(Call::Write)
    }

    pub(crate) fn deleted(&self, name: &str, and_synced: bool) {
        let mut state = self.state();
        state.names.remove(name);
        state.log.push(Operation::Deleted(name.to_owned()));
        if and_synced {
            state.log.push(Operation::FolderSynced);
        }
    }

    /// SQLite syncs the folder with the first sync of a journal.
    pub(crate) fn sync(&self, file: FileId) -> Result<(), c_int> {
        self.sync_file(file, true)
    }

    fn sync_file(&self, file: FileId, by_sqlite: bool) -> Result<(), c_int> {
        let mut state = self.state();
        state.waiting += 1;
        self.changed.notify_all();
        while state.held {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting -= 1;
        let answer = state.count(Call::Sync);
        let known = &mut state.files[file];
        let of_journal = by_sqlite && known.journal;
        if answer.is_err() {
            let of_commit = of_journal && known.unsynced;
            state.commit_sync_failed |= of_commit;
            state.log.push(Operation::SyncFailed(file));
            return answer;
        }
        known.unsynced = false;
        let first = of_journal && !std::mem::replace(&mut known.name_synced, true);
        state.log.push(Operation::Synced(file));
        if first {
            state.log.push(Operation::FolderSynced);
        }
        Ok(())
    }
}

impl State {
    fn name(&mut self, name: &str, file: FileId) {
        self.names.insert(name.to_owned(), file);
        self.log.push(Operation::Named { name: name.to_owned(), file });
    }

    /// Counts a call, and says whether it fails.
    fn count(&mut self, call: Call) -> Result<(), c_int> {
        let Some(fault) = self.fault.filter(|fault| fault.call == call) else {
            return Ok(());
        };
        self.counted += 1;
        if self.counted == fault.nth || (fault.lasting && self.counted > fault.nth) {
            self.failed = true;
            return Err(fault.code);
        }
        Ok(())
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
