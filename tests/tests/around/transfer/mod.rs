//! Export and import.

mod cut;
mod erased;
mod lines;
mod refused;
mod round_trip;

use vitae::store::{EventStore, Page, Query, Read};
use vitae::transfer::{self, ImportError, Imported};
use vitae::{CommitId, EventId, MemoryStore, Metadata};
use vitae_tests::Draft;

pub(crate) fn export(store: &dyn EventStore) -> String {
    let mut lines = Vec::new();
    transfer::export(store, &mut lines).unwrap();
    String::from_utf8(lines).unwrap()
}

pub(crate) fn import(lines: &str, store: &dyn EventStore) -> Result<Imported, ImportError> {
    transfer::import(&mut lines.as_bytes(), store)
}

/// An export without its first line, which names the log.
pub(crate) fn body(export: &str) -> &str {
    export.split_once('\n').unwrap().1
}

/// Everything that a reader sees of every event.
pub(crate) fn everything(store: &dyn EventStore) -> Vec<String> {
    let mut page = Page::new();
    let mut next = Some(Read::log(Query::all()));
    let mut seen = Vec::new();
    while let Some(read) = next {
        store.read(&read, &mut page).unwrap();
        seen.extend(page.iter().map(|event| {
            let place = (event.position(), event.category(), event.stream(), event.version());
            let what = (event.kind(), event.kind_version(), event.id(), event.payload());
            let cause = (event.correlation(), event.causation());
            let times = (event.occurred_at(), event.recorded_at());
            let tags: Vec<_> = event.tags().collect();
            let metadata: Vec<_> = event.metadata().collect();
            let sums = (event.checksum(), event.payload_digest());
            format!("{place:?} {what:?} {cause:?} {times:?} {tags:?} {metadata:?} {sums:?}")
        }));
        next = page.next_read(&read);
    }
    seen
}

/// A log with a little of everything: 4 commits with events, one without, 6 events.
pub(crate) fn specimen(store: &dyn EventStore) {
    Draft::new().on("a/1").event("x", b"\x03one").tag("t").tag("u").must(store);
    Draft::new().row("v", b"k", None, Some(b"row")).must(store);
    let mut caused = Draft::new().on("a/1").event("x", b"two").on("b/é").event("y", b"\x00");
    let cause = CommitId::from_bytes([7; 16]);
    caused.0.events[1].correlation = cause;
    caused.0.events[1].causation = Some(EventId { commit: cause, index: 9 });
    let metadata = [("key".to_owned(), "value \"with\" quotes\n".to_owned())].into();
    caused.0.events[0].metadata = Metadata::new(&metadata).unwrap();
    caused.must(store);
    let mut act = Draft::new().on("b/é").event("y", b"").event("x", b"\xff\xfe");
    act.0.erasures.push(vitae_tests::position(2));
    act.must(store);
    Draft::new().on("c/1").event("z", b"\x01z").must(store);
}

pub(crate) fn of_specimen() -> (MemoryStore, String) {
    let store = MemoryStore::new();
    specimen(&store);
    let lines = export(&store);
    (store, lines)
}
