//! R7: no room.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use vitae::store::{AppendError, Commit, EventStore, Outcome, Receipt};
use vitae_crash_tests::{Disk, Group, draft, judge_store, scratch};
use vitae_sqlite::{OpenError, SqliteStore};

/// Whose commits share a transaction: one commit, or several.
const GROUPS: [&[u8]; 2] = [&[1], &[1, 2, 3, 4]];

/// What was attempted until there was no room.
#[derive(Default)]
struct Filled {
    attempted: Vec<Commit>,
    acknowledged: Vec<Receipt>,
    /// The last of what was attempted.
    refused: Vec<Commit>,
}

/// Appends until there is no room, which must be said; then reading goes on.
fn fill(store: &SqliteStore, group: &Group, authors: &[u8]) -> Filled {
    let mut filled = Filled::default();
    while filled.refused.is_empty() {
        let commits = authors.iter().map(|author| {
            let mut commit = draft(store, *author).unwrap();
            commit.events[0].payload = vec![7; 20_000].into();
            commit
        });
        let commits: Vec<_> = commits.collect();
        filled.attempted.extend_from_slice(&commits);
        for (answer, commit) in group.append(store, &commits).into_iter().zip(commits) {
            match answer {
                Ok(receipt) => filled.acknowledged.push(receipt),
                Err(error) => {
                    assert!(matches!(error, AppendError::StorageFull), "{error:?}");
                    assert_eq!(error.outcome(), Outcome::NotWritten);
                    filled.refused.push(commit);
                }
            }
        }
        assert!(filled.attempted.len() < 2_000, "there is always room");
    }
    assert!(filled.acknowledged.len() > 3);
    filled.judge(store);
    filled
}

impl Filled {
    /// What is in the store is what was acknowledged, and nothing else.
    fn judge(&self, store: &dyn EventStore) {
        let found = judge_store(store, &self.attempted, &self.acknowledged).unwrap();
        assert_eq!(found, self.acknowledged.len());
    }

    /// What had found no room is taken.
    fn go_on(mut self, store: &dyn EventStore) -> Self {
        for refused in std::mem::take(&mut self.refused) {
            let receipt = store.commit(refused).unwrap();
            assert!(!receipt.already_appended);
            self.acknowledged.push(receipt);
        }
        self.judge(store);
        self
    }
}

#[test]
fn r07_without_room_nothing_is_written_until_there_is() {
    let folder = scratch();
    let path = folder.path().join("events.db");
    let disk = Disk::watch(folder.path());
    let store = SqliteStore::open(&path).unwrap();
    draft(&store, 2).map(|commit| store.append(commit).wait()).unwrap().unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    let mut first = draft(&store, 1).unwrap();
    first.events[0].payload = vec![7; 20_000].into();
    disk.set_full(true);
    let error = store.commit(first.clone()).unwrap_err();
    assert!(matches!(error, AppendError::StorageFull), "{error:?}");
    assert_eq!(store.receipt(first.id).unwrap(), None);
    assert_eq!(store.verify().unwrap(), 3);
    disk.set_full(false);
    store.commit(first).unwrap();
    assert_eq!(store.verify().unwrap(), 6);
}

#[test]
fn r07_a_store_is_closed_and_opened_without_room() {
    let folder = scratch();
    let path = folder.path().join("events.db");
    let disk = Disk::watch(folder.path());
    let store = SqliteStore::open(&path).unwrap();
    let mut commit = draft(&store, 1).unwrap();
    commit.events[0].payload = vec![7; 20_000].into();
    let (attempted, acknowledged) = ([commit.clone()], [store.append(commit).wait().unwrap()]);
    disk.set_full(true);
    // Nothing that was acknowledged can be brought home, and it is not lost.
    drop(store);
    must_find_no_room(SqliteStore::open(&path));
    let store = SqliteStore::open_read_only(&path).unwrap();
    assert_eq!(judge_store(&store, &attempted, &acknowledged).unwrap(), 1);
    drop(store);
    must_find_no_room(SqliteStore::open(folder.path().join("another.db")));
    disk.set_full(false);
    let store = SqliteStore::open(&path).unwrap();
    judge_store(&store, &attempted, &acknowledged).unwrap();
}

#[test]
fn r07_a_bound_of_pages_is_as_good_as_a_full_disk() {
    for authors in GROUPS {
        let folder = scratch();
        let (path, group) = (folder.path().join("events.db"), Group::new());
        let store = SqliteStore::options().max_pages(200).clock(group.clone()).open(&path).unwrap();
        let filled = fill(&store, &group, authors);
        drop(store);
        let store = SqliteStore::open(&path).unwrap();
        filled.go_on(&store);
    }
}

/// It is said what happened, where, and what to do.
#[track_caller]
fn must_find_no_room(opened: Result<SqliteStore, OpenError>) {
    let error = opened.expect_err("there was room");
    assert!(matches!(error, OpenError::StorageFull { .. }), "{error:?}");
    let said = error.to_string();
    assert!(
        said.contains("disk is full") && said.contains(".db`") && said.contains("; "),
        "{said}"
    );
}

/// A file system of two megabytes that ends with this.
struct Small(
    PathBuf,
    #[allow(dead_code, reason = "the folder goes when this does")] tempfile::TempDir,
);

impl Small {
    /// `None` where nothing may be mounted, which is said.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small");
        fs::create_dir(&path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m", "none"]).arg(&path);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            // Past the capture of a test's output: that nothing was tested must be seen.
            let mut seen = std::io::stderr();
            writeln!(seen, "skipped: mounting a small disk takes root").unwrap();
        }
        mounted.then(|| Self(path, folder))
    }

    /// Takes all the room there is, with a file of this name.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = fs::File::create(&path).unwrap();
        while file.write(&[0; 4_096]).is_ok() {}
        path
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn r07_on_a_real_disk_without_room_nothing_is_written_until_there_is() {
    for authors in GROUPS {
        let Some(small) = Small::mount() else { return };
        let (path, group) = (small.0.join("events.db"), Group::new());
        let other = small.0.join("other");
        fs::write(&other, vec![0; 400_000]).unwrap();
        let store = SqliteStore::options().clock(group.clone()).open(&path).unwrap();
        let filled = fill(&store, &group, authors);
        fs::remove_file(other).unwrap();
        let filled = filled.go_on(&store);
        drop(store);
        // To open it for writing takes room for what is not brought home, and to read it takes less.
        filled.judge(&SqliteStore::open_read_only(&path).unwrap());
    }
}

#[test]
fn r07_on_a_real_disk_without_room_no_store_is_opened_or_made() {
    let Some(small) = Small::mount() else { return };
    let path = small.0.join("events.db");
    let store = SqliteStore::open(&path).unwrap();
    let commit = draft(&store, 1).unwrap();
    let acknowledged = [store.append(commit.clone()).wait().unwrap()];
    drop(store);
    let filler = small.fill();
    // Not even the memory that processes share has room.
    must_find_no_room(SqliteStore::open(&path));
    must_find_no_room(SqliteStore::open_read_only(&path));
    must_find_no_room(SqliteStore::open(small.0.join("another.db")));
    fs::remove_file(filler).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(judge_store(&store, &[commit], &acknowledged).unwrap(), 1);
    drop(store);
    let files = fs::read_dir(&small.0).unwrap();
    assert_eq!(files.count(), 1);
}
