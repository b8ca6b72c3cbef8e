//! The stores under test.

use std::time::Duration;

use vitae::MemoryStore;
use vitae_sqlite::SqliteStore;
use vitae_tests::{Backend, Subject};

/// Makes one test for each function and store.
macro_rules! on_every_store {
    ($($test:ident)+) => {
        mod memory {
            $(#[test]
            fn $test() {
                super::$test($crate::support::memory());
            })+
        }
        mod sqlite {
            $(#[test]
            fn $test() {
                super::$test($crate::support::sqlite());
            })+
        }
    };
}
pub(crate) use on_every_store;

pub(crate) fn memory() -> Subject {
    Backend::in_memory(MemoryStore::new).subject()
}

pub(crate) fn sqlite() -> Subject {
    // Handles that write against each other wait as long as a busy machine needs.
    let options = SqliteStore::options().busy_timeout(Duration::from_secs(60));
    Backend::at_path(move |path| options.clone().open(path)).subject()
}
