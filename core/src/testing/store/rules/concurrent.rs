//! R3 and R16: many at once.

#![allow(missing_docs)]

use std::thread;

use vitae::store::{AppendError, ExpectedVersion, Page, Query, Read};

use crate::{Draft, Subject, position, read_all, stream, version};

const WRITERS: u64 = 4;
const COMMITS: u64 = 50;

pub fn r16_a_reader_sees_every_position_once_while_others_write(store: Subject) {
    let total = WRITERS * COMMITS * 2;
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = store.shared();
            scope.spawn(move || {
                for number in 0..COMMITS {
                    let payload = number.to_be_bytes();
                    let receipt = Draft::new()
                        .on(&format!("own/{writer}"))
                        .event("x", &payload)
                        .on("shared/1")
                        .event("x", &payload)
                        .must(&*store);
                    // What was acknowledged is there for every reader.
                    assert!(store.head().unwrap() >= receipt.positions.map(|(_, last)| last));
                }
            });
        }
        let store = store.shared();
        scope.spawn(move || {
            let mut page = Page::new();
            let mut seen = 0;
            while seen < total {
                let read = Read::log(Query::all()).from_position(position(seen + 1)).page_of(17);
                store.read(&read, &mut page).unwrap();
                for event in page.iter() {
                    seen += 1;
                    assert_eq!(event.position().get(), seen);
                }
                thread::yield_now();
            }
        });
    });
    assert_eq!(store.verify().unwrap(), total);
    let mut page = Page::new();
    for writer in 0..WRITERS {
        store.read(&Read::stream(stream(&format!("own/{writer}"))), &mut page).unwrap();
        let payloads = page.iter().map(|event| event.payload().unwrap().to_vec());
        assert!(payloads.eq((0..COMMITS).map(|number| number.to_be_bytes().to_vec())));
    }
}

pub fn r16_of_several_writers_one_wins(store: Subject) {
    for round in 0..10 {
        let expected = ExpectedVersion::read_at(vitae::StreamVersion::new(round));
        let wins: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..WRITERS)
                .map(|_| {
                    let store = store.shared();
                    scope.spawn(move || {
                        let draft = Draft::new().expecting("a/1", expected).event("x", b"");
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
