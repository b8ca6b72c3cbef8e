//! What is left of a store when the disk, the process or the power fails.
//!
//! ```text
//! shim ──► disk ──► image      SQLite's calls, logged; what a crash leaves of them
//! workload ──► judge ──► trial   commits whose parts belong together; whether they still do
//!     └──────► group             several of them in one transaction
//! ```
//!
//! SQLite writes through a [`Disk`], which logs every write, truncation, deletion and sync in a
//! folder, and fails, fills up, holds up or ignores syncs when a test says so. [`crashes`] turns the log into
//! the folders that a power cut could leave, and [`judge()`] opens one and holds it against what was
//! attempted and acknowledged.
//!
//! # What the shim does not see
//! - That a new store's temporary name is taken away (`remove_file`): the images keep it.
//! - The memory that processes share (`-shm`): no crash leaves it.
//! - What a real disk does: a drive that confirms a sync before it has written loses commits, and no
//!   program can help that.
//!
//! On Linux only: elsewhere `File::sync_all` goes other ways than `fsync`.

#![cfg(target_os = "linux")]

mod disk;
mod group;
mod image;
mod judge;
mod shim;
mod trial;
mod workload;

pub use disk::{Call, Disk, Fault, FileId, Operation};
pub use group::Group;
pub use image::{Image, crashes, crashes_now};
pub use judge::{Verdict, judge, judge_store};
pub use trial::{Outcomes, try_all, try_each};
pub use workload::{Failed, Record, draft, name, run};

use std::path::Path;

/// A folder in memory where there is one: what is tried here is never needed after.
#[must_use]
pub fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.unwrap()
}

/// A number that an environment variable sets: how much is tried.
#[must_use]
pub fn setting(variable: &str, unless_set: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} must be a number: {text}")),
        Err(_) => unless_set,
    }
}
