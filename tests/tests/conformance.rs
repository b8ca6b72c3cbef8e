//! Every backend keeps the contract.

use std::sync::Arc;

use vitae::MemoryStore;
use vitae_sqlite::SqliteStore;
use vitae_tests::{Subject, conformance};

conformance!(memory, || Subject::volatile(Arc::new(MemoryStore::new())));

conformance!(sqlite, || {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    Subject::persistent(folder, move || Arc::new(SqliteStore::open(&path).unwrap()))
});

// With an index that is written again and again, between and beside everything else.
conformance!(sqlite_indexed_often, || {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let open = move || SqliteStore::options().index_every(3).open(&path).unwrap();
    Subject::persistent(folder, move || Arc::new(open()))
});
