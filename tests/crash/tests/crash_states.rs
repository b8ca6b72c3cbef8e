//! R1, R2, R10, R14: every state in which a power cut can leave a store.
//!
//! `VITAE_CRASH_IMAGES` sets how many images are tried of each point at which the power may go, besides
//! those that always are, and `VITAE_CRASH_SEED` which.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use vitae_crash_tests::{
    Disk, Operation, Outcomes, Record, crashes, run, scratch, setting, try_all,
};
use vitae_sqlite::{Durability, Options, SqliteStore};

/// With an index that is written every few commits, in the transaction of others, and bundles with it.
fn options() -> Options {
    SqliteStore::options().index_every(5).bundles(4, 2)
}

/// A folder with an empty store, and its disk.
fn empty_store(folder: &Path) -> Arc<Disk> {
    drop(SqliteStore::open(folder.join("events.db")).unwrap());
    Disk::watch(folder)
}

fn images(disk: &Disk) -> impl Iterator<Item = vitae_crash_tests::Image> + Send {
    let seed = u64::try_from(setting("VITAE_CRASH_SEED", 1)).unwrap();
    crashes(disk, setting("VITAE_CRASH_IMAGES", 24), seed)
}

/// How often the log was begun anew over what stood in it: after checkpoints that left it there.
fn restarts(disk: &Disk) -> usize {
    let (_, log) = disk.history();
    let begins = log.iter().filter(|operation| match operation {
        Operation::Written { offset: 0, bytes, .. } => bytes.len() == 32,
        _ => false,
    });
    begins.count()
}

/// Sessions of one writer after another, with what is done at the opening and the closing.
fn sessions(disk: &Disk, path: &Path, options: &Options, sessions: usize) -> Record {
    let record = Record::default();
    for _ in 0..sessions {
        let store = options.clone().open(path).unwrap();
        for _ in 0..4 {
            run(&store, 1, &record, disk).unwrap();
        }
    }
    record
}

fn sessions_with(options: Options) -> Outcomes {
    let folder = scratch();
    let disk = empty_store(folder.path());
    let record = sessions(&disk, &folder.path().join("events.db"), &options, 4);
    try_all(images(&disk), &record)
}

#[test]
fn r02_a_power_cut_loses_nothing_that_was_acknowledged() {
    let outcomes = sessions_with(options());
    outcomes.must_be_right();
    assert!(outcomes.judged > 300 && outcomes.most_found == 16, "{outcomes:?}");
}

#[test]
fn r02_nor_while_the_log_is_brought_home_under_way() {
    let folder = scratch();
    let disk = empty_store(folder.path());
    let record = Record::default();
    let path = folder.path().join("events.db");
    let store = options().open(&path).unwrap();
    // SQLite does it after a thousand pages; so does this, as another process might.
    let other = Connection::open(&path).unwrap();
    for _ in 0..5 {
        for _ in 0..3 {
            run(&store, 1, &record, &disk).unwrap();
        }
        other.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(())).unwrap();
    }
    drop((store, other));
    assert!(restarts(&disk) >= 4, "the log never begins anew");
    try_all(images(&disk), &record).must_be_right();
}

#[test]
fn r02_nor_of_several_writers() {
    let folder = scratch();
    let disk = empty_store(folder.path());
    let record = Record::default();
    let store = options().open(folder.path().join("events.db")).unwrap();
    std::thread::scope(|scope| {
        for author in 1..=4 {
            let (store, record, disk) = (&store, &record, &disk);
            scope.spawn(move || {
                for _ in 0..6 {
                    run(store, author, record, disk).unwrap();
                }
            });
        }
    });
    drop(store);
    let outcomes = try_all(images(&disk), &record);
    outcomes.must_be_right();
    assert_eq!(outcomes.most_found, 24);
}

/// The control: of a store that syncs nothing, the same power cuts leave what is torn and out of order.
#[test]
fn r02_without_syncs_power_cuts_lose_commits_and_break_the_store() {
    let folder = scratch();
    let disk = empty_store(folder.path());
    disk.ignore_syncs();
    let record = sessions(&disk, &folder.path().join("events.db"), &options(), 4);
    let outcomes = try_all(images(&disk), &record);
    assert!(outcomes.lost > 0, "nothing was lost: {outcomes:?}");
    assert!(outcomes.broken > 0, "nothing was broken: {outcomes:?}");
}

/// A control too: what is said to lose the latest commits is seen to, and leaves a prefix.
#[test]
fn r02_the_mode_that_says_so_loses_the_latest_and_nothing_else() {
    let outcomes = sessions_with(options().durability(Durability::LostOnPowerFailure));
    assert!(outcomes.lost > 0, "nothing was lost: the images are too good");
    assert_eq!(outcomes.broken, 0, "{:?}", outcomes.first);
}

#[test]
fn r14_a_power_cut_while_a_store_is_made_leaves_a_whole_one_or_none() {
    let folder = scratch();
    let disk = Disk::watch(folder.path());
    let record = sessions(&disk, &folder.path().join("events.db"), &options(), 1);
    try_all(images(&disk), &record).must_be_right();
}
