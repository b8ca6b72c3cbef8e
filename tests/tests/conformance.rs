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
