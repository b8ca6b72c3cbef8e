//! Every backend keeps the contract.

use std::fs;
use std::time::Duration;

use rusqlite::Connection;
use vitae::MemoryStore;
use vitae::testing::store::Backend;
use vitae_sqlite::SqliteStore;

vitae::store_conformance!(memory, Backend::in_memory(MemoryStore::new));

vitae::store_conformance!(sqlite, {
    Backend::at_path(|path| SqliteStore::open(path))
        .jammed(4, |path| {
            let soon = Duration::from_millis(50);
            let options = SqliteStore::options().queue(4).queue_timeout(soon);
            let store = options.busy_timeout(soon).open(path).unwrap();
            // Another writer, for as long as its transaction is open.
            let other = Connection::open(path).unwrap();
            other.execute_batch("BEGIN IMMEDIATE").unwrap();
            (store, other)
        })
        .refuses("a file of a newer format", |path| {
            drop(SqliteStore::open(path).unwrap());
            let connection = Connection::open(path).unwrap();
            connection.pragma_update(None, "user_version", 9_999).unwrap();
        })
        .opens("a file of format 1", |path| {
            fs::write(path, include_bytes!("../compat/format_1.db")).unwrap();
        })
});

// With an index that is written again and again, between and beside everything else.
vitae::store_conformance!(
    sqlite_indexed_often,
    Backend::at_path(|path| SqliteStore::options().index_every(3).bundles(2, 2).open(path))
);
