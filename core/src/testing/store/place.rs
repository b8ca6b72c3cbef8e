//! Where a store under test is kept.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::id::CommitId;

/// A folder that nobody else has, removed in the end by who made it.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    borrowed: bool,
}

impl Place {
    /// A new one. Nothing is made yet.
    pub(super) fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("vitae-{}", CommitId::generate()));
        Self { folder, borrowed: false }
    }

    /// One that another process has made.
    pub(super) const fn of_another(folder: PathBuf) -> Self {
        Self { folder, borrowed: true }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of the log. Its folder is there from now on.
    pub(super) fn path(&self) -> PathBuf {
        fs::create_dir_all(&self.folder).unwrap();
        self.folder.join("log")
    }

    /// Every file, by its name.
    pub(super) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .filter(|path| path.is_file())
            .map(|path| (PathBuf::from(path.file_name().unwrap()), fs::read(&path).unwrap()))
            .collect()
    }

    /// Puts files into the folder.
    pub(super) fn fill(&self, files: &BTreeMap<PathBuf, Vec<u8>>) {
        fs::create_dir_all(&self.folder).unwrap();
        for (name, bytes) in files {
            fs::write(self.folder.join(name), bytes).unwrap();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.borrowed {
            // Nothing may have been made; and where a test fails, that is what is to be said.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
