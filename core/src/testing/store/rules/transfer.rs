//! R11: an imported log is the exported one.

#![allow(missing_docs)]

use std::sync::Arc;

use crate::store::{EventStore, Page, Query, Read};
use crate::{ManualClock, MemoryStore, Timestamp, transfer};

use crate::testing::store::{Draft, Subject, position};

/// When and with which checksum each event was recorded.
fn recorded(store: &dyn EventStore) -> Vec<(Timestamp, u64)> {
    let mut page = Page::new();
    store.read(&Read::log(Query::all()), &mut page).unwrap();
    page.iter().map(|event| (event.recorded_at(), event.checksum().0)).collect()
}

pub fn r11_an_imported_event_has_its_time_and_its_checksum(mut store: Subject) {
    let long_ago = Timestamp::from_micros(-7);
    let source = MemoryStore::new().with_clock(Arc::new(ManualClock::new(long_ago)));
    Draft::new().on("a/1").event("x", b"one").event("x", b"two").must(&source);
    let mut act = Draft::new().on("a/1").event("x", b"three");
    act.0.erasures.push(position(2));
    act.must(&source);
    let mut lines = Vec::new();
    transfer::export(&source, &mut lines).unwrap();
    assert_eq!(transfer::import(&mut lines.as_slice(), &*store).unwrap().commits, 2);
    for _ in 0..2 {
        assert_eq!(recorded(&*store), recorded(&source));
        assert_eq!(store.verify().unwrap(), 3);
        assert_eq!(store.receipt(act.0.id).unwrap(), source.receipt(act.0.id).unwrap());
        store.reopen();
    }
    // It is the same commit, so it is known when it is tried again.
    assert!(act.must(&*store).already_appended);
    // What is recorded here has the time of this store.
    let receipt = Draft::new().on("a/1").event("x", b"four").must(&*store);
    assert!(receipt.recorded_at > Timestamp::from_micros(1_700_000_000_000_000));
    assert_eq!(recorded(&*store).last().unwrap().0, receipt.recorded_at);
}
