//! R7, the rule of the test kit that is skipped where no disk can be made to fail.

#![cfg(target_os = "linux")]

use rusqlite::ffi;
use vitae::testing::store::{Backend, RULES};
use vitae_crash_tests::{Call, Disk, Fault};
use vitae_sqlite::SqliteStore;

#[test]
fn r07_after_an_unknown_outcome_nothing_is_taken_until_reopened() {
    let name = "r07_after_an_unknown_outcome_nothing_is_taken_until_reopened";
    let rule = RULES.iter().find(|rule| rule.name == name).unwrap();
    for lasting in [false, true] {
        let backend = Backend::at_path(|path| SqliteStore::open(path)).failing(move |path| {
            let disk = Disk::watch(path.parent().unwrap());
            let code = ffi::SQLITE_IOERR_FSYNC;
            let fault = Fault { call: Call::Sync, nth: 1, lasting, code };
            (SqliteStore::open(path).unwrap(), move || disk.fail(fault))
        });
        (rule.test)(backend.subject());
    }
}
