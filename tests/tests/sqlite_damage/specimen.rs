//! A small store in which everything that a store can hold is there.

use std::fs;
use std::path::Path;

use vitae::store::{Checkpoint, EventStore, Metadata, Page, Query, Read};
use vitae::{CommitId, EventId};
use vitae_sqlite::SqliteStore;
use vitae_tests::{Draft, name, position};

/// How many commits it has.
pub(crate) const COMMITS: u8 = 5;

/// What the payloads that can be found among the bytes of a file begin with.
pub(crate) const MARK: &[u8] = b"a payload that is found again ";

/// The `nth` commit, the same each time but for times.
pub(crate) fn commit(store: &dyn EventStore, nth: u8) {
    let payload = [MARK, &[b'0' + nth]].concat();
    let mut draft = Draft::new()
        .on("a/1")
        .event("x", &payload)
        .tag("t")
        .tag(&format!("t:{nth}"))
        .on(&format!("b/{nth}"))
        .event("y", &[nth; 3])
        .tag("u")
        .row("v", &[nth], None, Some(&[nth; 20]))
        .row("w", b"k", row_version(store), Some(&[nth; 20]));
    draft.0.id = id(nth);
    for event in &mut draft.0.events {
        event.correlation = CommitId::from_bytes([nth + 1; 16]);
        event.causation = Some(EventId { commit: id(nth), index: u32::from(nth) });
        event.metadata = Metadata::new(&[("key".into(), "value".into())].into()).unwrap();
    }
    let from = store.checkpoint(&name("c")).unwrap();
    draft.moving("c", from, reached(store)).must(store);
}

pub(crate) fn id(nth: u8) -> CommitId {
    CommitId::from_bytes([0x40 + nth; 16])
}

fn row_version(store: &dyn EventStore) -> Option<vitae::RowVersion> {
    Some(store.row(&name("w"), b"k").unwrap()?.version)
}

/// A checkpoint at the last event.
pub(crate) fn reached(store: &dyn EventStore) -> Checkpoint {
    let mut page = Page::new();
    store.read(&Read::log(Query::all()).backwards().page_of(1), &mut page).unwrap();
    let last = page.iter().next().map(|event| (event.position(), event.checksum()));
    Checkpoint {
        position: last.map(|(position, _)| position),
        checksum: last.map(|(_, checksum)| checksum),
        cursor: b"cursor".to_vec(),
    }
}

/// A store that was closed: everything is in the one file. Returns its bytes.
pub(crate) fn checkpointed(path: &Path) -> Vec<u8> {
    // The stream `a/1` is bundled.
    let store = SqliteStore::options().bundles(2, 2).open(path).unwrap();
    (0..COMMITS).for_each(|nth| commit(&store, nth));
    assert_eq!(store.head().unwrap(), Some(position(u64::from(COMMITS) * 2)));
    let mut eventless = Draft::new().row("v", b"eventless", None, Some(b"a row"));
    eventless.0.id = id(COMMITS);
    eventless.must(&store);
    drop(store);
    fs::read(path).unwrap()
}
