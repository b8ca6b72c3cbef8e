//! What SQLite does, as the shim reports it, and the store past SQLite.
//!
//! Owns the entries of the log, and the answers. Never sets a fault.

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::fs;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::Path;
use std::sync::PoisonError;

use rusqlite::ffi;

use super::{Call, Disk, File, FileId, Operation, State};

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
            state.log_sync(Operation::FolderSynced);
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
            state.log_sync(Operation::FolderSynced);
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
        state.log_sync(Operation::Synced(file));
        if first {
            state.log_sync(Operation::FolderSynced);
        }
        Ok(())
    }
}

impl State {
    /// Gives a name to a file.
    fn name(&mut self, name: &str, file: FileId) {
        self.names.insert(name.to_owned(), file);
        self.log.push(Operation::Named { name: name.to_owned(), file });
    }

    fn log_sync(&mut self, sync: Operation) {
        if !self.syncs_ignored {
            self.log.push(sync);
        }
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
