//! R2 and R16: several processes on one log.

#![allow(missing_docs)]

use crate::store::{AppendError, EventStore, Page, Query, Read};
use crate::testing::store::children::tell;
use crate::testing::store::{Draft, Subject, position, read_all, read_pages, stream};

const PROCESSES: u64 = 3;
const COMMITS: u64 = 20;

/// Commits until it is taken: another process may hold the log for longer than a store waits.
fn insist(draft: &Draft, store: &dyn EventStore) -> u64 {
    loop {
        match draft.try_on(store) {
            Ok(receipt) => return receipt.positions.unwrap().1.get(),
            Err(AppendError::Busy) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Writes, and follows the log meanwhile until everybody's events have come.
fn write_and_follow(store: &dyn EventStore, own: &str) {
    let mut page = Page::new();
    let mut last = 0;
    for number in 0..COMMITS {
        let payload = number.to_be_bytes();
        let draft = Draft::new().on(own).event("x", &payload).on("shared/1").event("x", &payload);
        let acknowledged = insist(&draft, store);
        while last < acknowledged {
            last = look(store, &mut page, last);
        }
    }
    // That it ends, the process that has started this one makes sure of.
    while last < PROCESSES * COMMITS * 2 {
        let seen = look(store, &mut page, last);
        if seen > last {
            tell(seen);
        }
        last = seen;
    }
}

/// Reads on behind a position. Returns the last one that it has come to.
fn look(store: &dyn EventStore, page: &mut Page, mut last: u64) -> u64 {
    store.read(&Read::log(Query::all()).from_position(position(last + 1)), page).unwrap();
    for event in page.iter() {
        last += 1;
        assert_eq!(event.position().get(), last, "an event was missed, doubled or moved");
    }
    std::thread::yield_now();
    last
}

pub fn r16_several_processes_see_one_log(store: Subject) {
    if let Some(role) = store.role() {
        return write_and_follow(&*store, role);
    }
    let Some(mut children) = store.children(["own/0", "own/1", "own/2"]) else {
        return;
    };
    let mut page = Page::new();
    let mut last = 0;
    while let Some((_, told)) = children.next() {
        // What another process has seen, this one sees.
        last = look(&*store, &mut page, last);
        assert!(last >= told, "another process has seen {told} events, this one {last}");
    }
    children.finish();
    let numbers = (0..COMMITS).map(|number| number.to_be_bytes().to_vec());
    for process in 0..PROCESSES {
        let own = read_pages(&*store, Read::stream(stream(&format!("own/{process}"))));
        assert!(own.into_iter().map(|seen| seen.payload).eq(numbers.clone()));
    }
    let shared = read_pages(&*store, Read::stream(stream("shared/1")));
    assert!((1..=PROCESSES * COMMITS).eq(shared.iter().map(|seen| seen.version)));
    assert_eq!(store.verify().unwrap(), PROCESSES * COMMITS * 2);
}

pub fn r02_a_killed_process_loses_nothing_that_was_acknowledged(mut store: Subject) {
    const ENOUGH: u64 = 20;
    if store.role().is_some() {
        // Until it is killed; the bound is for when nobody does it.
        for number in 1..=100_000_u64 {
            insist(&Draft::new().on("a/1").event("x", &number.to_be_bytes()), &*store);
            tell(number);
        }
        return;
    }
    let Some(mut children) = store.children(["writer"]) else {
        return;
    };
    let mut acknowledged = 0;
    while let Some((_, number)) = children.next() {
        acknowledged = number;
        if number == ENOUGH {
            children.kill(0);
        }
    }
    assert!(acknowledged >= ENOUGH, "the process ended after {acknowledged} commits");
    drop(children);
    store.reopen();
    let seen = read_all(&*store);
    let written = seen.len() as u64;
    // One may have been on the disk and its acknowledgement not yet on its way.
    assert!(
        (acknowledged..=acknowledged + 1).contains(&written),
        "{acknowledged} commits were acknowledged, {written} are there"
    );
    let numbers = (1..=written).map(|number| number.to_be_bytes().to_vec());
    assert!(numbers.eq(seen.into_iter().map(|seen| seen.payload)));
    assert_eq!(store.verify().unwrap(), written);
    Draft::new().on("a/1").event("x", b"").must(&*store);
}
