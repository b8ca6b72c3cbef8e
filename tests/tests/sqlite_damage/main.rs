//! R11, R14 and R19 on files that are not what was written: damaged, cut short, beside a log that is
//! not theirs, swapped, or not to be written.
//!
//! Black box: through the public API and the file's bytes. What a store's tables are called is
//! looked up in the file, for the report only.
//!
//! A part of the bytes is tried in turn, so that it takes some seconds. All of them, with the report
//! of what a flip hides:
//!
//! ```sh
//! VITAE_DAMAGE=all cargo test --release -p vitae-tests --test sqlite_damage -- --nocapture
//! ```

mod access;
mod file;
mod log;
mod observe;
mod specimen;
mod swapped;

/// Every how many bytes one is tried: each where the environment says so.
fn stride(unless_all: usize) -> usize {
    if std::env::var("VITAE_DAMAGE").is_ok_and(|value| value == "all") { 1 } else { unless_all }
}

/// A folder in memory where the system has one: nothing here asks for a disk.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}
