//! Files and folders that may not be written, or not read.
//!
//! Access is not checked for root, so the tests that ask for it run as a user without rights: in a
//! child of this program that gives its own up.

#![cfg(unix)]

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread;

use vitae::store::EventStore;
use vitae_sqlite::SqliteStore;
use vitae_tests::Draft;

use crate::specimen::checkpointed;

/// `nobody`, wherever there is one.
const NOBODY: u32 = 65_534;

/// What a user without rights is told when it opens a file in each of the three ways; of a store that
/// it can open, also when it appends.
fn told(file_mode: u32, folder_mode: u32) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let path = inner.join("events.db");
    let before = checkpointed(&path);
    fs::set_permissions(&path, Permissions::from_mode(file_mode)).unwrap();
    fs::set_permissions(&inner, Permissions::from_mode(folder_mode)).unwrap();
    let told = ask_as_nobody(folder.path(), &path);
    fs::set_permissions(&inner, Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    assert!(before == fs::read(&path).unwrap(), "the file was changed");
    told
}

fn ask_as_nobody(folder: &Path, path: &Path) -> Vec<String> {
    // Where it stands, nobody may not come.
    let program = folder.join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let mut child = Command::new(program);
    child
        .args(["--ignored", "--exact", "--nocapture", "access::as_nobody"])
        .current_dir("/")
        .env("VITAE_TEST_FILE", path);
    if fs::metadata("/proc/self").map_or(true, |own| own.uid() == 0) {
        child.uid(NOBODY).gid(NOBODY);
    }
    let output = loop {
        match child.output() {
            // A child that another test has just forked has the copy open for writing until its exec.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => thread::yield_now(),
            result => break result.unwrap(),
        }
    };
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter_map(|line| line.strip_prefix("told ")).map(str::to_owned).collect()
}

#[test]
#[ignore = "not a test: what the children of the others do"]
fn as_nobody() {
    let Ok(path) = std::env::var("VITAE_TEST_FILE") else {
        return;
    };
    let path = Path::new(&path);
    let ways = [SqliteStore::open, SqliteStore::open_existing, SqliteStore::open_read_only];
    for way in ways {
        match way(path) {
            Err(error) => println!("\ntold {error:?}"),
            Ok(store) => {
                let appended = Draft::new().on("a/1").event("x", b"").try_on(&store);
                println!("\ntold opened {:?} {appended:?}", store.verify());
            }
        }
    }
}

/// What each of `open`, `open_existing` and `open_read_only` says begins with.
#[track_caller]
fn says(file_mode: u32, folder_mode: u32, expected: [&str; 3]) {
    let told = told(file_mode, folder_mode);
    assert_eq!(told.len(), 3, "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{file_mode:o} in {folder_mode:o}: {told}");
    }
}

#[test]
fn r20_a_file_that_cannot_be_written_is_read_all_the_same() {
    says(0o444, 0o777, ["ReadOnly", "ReadOnly", "opened Ok(10) Err(ReadOnly)"]);
}

#[test]
fn r20_a_folder_that_cannot_hold_the_log_is_said_to_be_read_only() {
    says(0o444, 0o555, ["ReadOnly"; 3]);
    says(0o666, 0o555, ["ReadOnly"; 3]);
}

#[test]
fn r20_what_may_not_be_looked_at_is_not_opened() {
    says(0o000, 0o777, ["Failed"; 3]);
    says(0o666, 0o666, ["Failed"; 3]);
}
