//! R3 and R16: many at once.

#![allow(missing_docs)]

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::StreamVersion;
use crate::store::{AppendError, EventStore, ExpectedVersion, Page, Query, Read};
use crate::testing::store::{Draft, Subject, position, read_all, read_pages, stream, version};

const WRITERS: u8 = 8;
const COMMITS: u64 = 30;
/// Events in a commit: every other one in the writer's own stream, the rest in one that all share.
const EVENTS: u64 = 100;
const TOTAL: u64 = 24_000;

fn write(store: &dyn EventStore, writer: u8) {
    for commit in 0..COMMITS {
        let mut draft = Draft::new().on(&format!("own/{writer}")).on("shared/1");
        for number in 0..EVENTS {
            let payload = [&[writer][..], &(commit * EVENTS + number).to_be_bytes()].concat();
            draft = draft.event("x", &payload);
            draft.0.events.last_mut().unwrap().stream = usize::from(number % 2 == 1);
        }
        let receipt = draft.must(store);
        // What was acknowledged is there for every reader.
        assert!(store.head().unwrap() >= receipt.positions.map(|(_, last)| last));
    }
}

/// Follows the log, each read from the position behind the last event that was seen, until nothing
/// comes after the writers have ended.
fn follow(store: &dyn EventStore, ended: &AtomicBool) -> Vec<Vec<u8>> {
    let mut page = Page::new();
    let mut payloads: Vec<Vec<u8>> = Vec::new();
    let mut last = 0;
    loop {
        let at_the_end = ended.load(Ordering::Acquire);
        let read = Read::log(Query::all()).from_position(position(last + 1)).page_of(170);
        store.read(&read, &mut page).unwrap();
        for event in page.iter() {
            last += 1;
            assert_eq!(event.position().get(), last, "an event was missed, doubled or moved");
            payloads.push(event.payload().unwrap().to_vec());
        }
        if at_the_end && page.is_empty() {
            return payloads;
        }
        thread::yield_now();
    }
}

pub fn r03_a_reader_misses_nothing_while_eight_write(store: Subject) {
    let ended = AtomicBool::new(false);
    let payloads = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let store = store.shared();
                scope.spawn(move || write(&*store, writer))
            })
            .collect();
        let (log, writing) = (store.shared(), &ended);
        let reader = scope.spawn(move || follow(&*log, writing));
        let ends: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        // Also where one has failed: the reader must not wait for its events.
        ended.store(true, Ordering::Release);
        assert!(ends.iter().all(Result::is_ok), "a writer failed");
        reader.join().unwrap()
    });
    // A commit's events stand together, and those of a writer in the order in which it wrote them.
    let mut next = [0; WRITERS as usize];
    for commit in payloads.chunks(usize::try_from(EVENTS).unwrap()) {
        for payload in commit {
            assert_eq!(payload[0], commit[0][0], "a commit lies in another");
            let next = &mut next[usize::from(payload[0])];
            assert_eq!(payload[1..], u64::to_be_bytes(*next));
            *next += 1;
        }
    }
    assert_eq!(next.iter().sum::<u64>(), TOTAL);
    let shared = read_pages(&*store, Read::stream(stream("shared/1")));
    assert!((1..=TOTAL / 2).eq(shared.iter().map(|seen| seen.version)));
    assert_eq!(store.verify().unwrap(), TOTAL);
}

pub fn r16_of_several_writers_one_wins(store: Subject) {
    const TOGETHER: usize = 4;
    for round in 0..10 {
        let expected = ExpectedVersion::read_at(StreamVersion::new(round));
        let together = Barrier::new(TOGETHER);
        let wins: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..TOGETHER)
                .map(|_| {
                    let (store, together) = (store.shared(), &together);
                    scope.spawn(move || {
                        let draft = Draft::new().expecting("a/1", expected).event("x", b"");
                        together.wait();
                        match draft.try_on(&*store) {
                            Ok(_) => 1,
                            Err(AppendError::Conflict { actual, .. }) => {
                                assert_eq!(actual, Some(version(round + 1)));
                                0
                            }
                            Err(error) => panic!("{error}"),
                        }
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(wins, 1);
    }
    assert_eq!(read_all(&*store).len(), 10);
}
