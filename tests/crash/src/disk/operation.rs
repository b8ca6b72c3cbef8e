//! What happens on a disk, and what can be told to go wrong.

use std::ffi::c_int;

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
