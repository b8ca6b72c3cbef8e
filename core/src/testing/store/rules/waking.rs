//! R9: waiting for the log to go on.

#![allow(missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use crate::GlobalPosition;
use crate::store::{Changes, Page, Query, Read, ReadError, Subscription};

use crate::testing::store::{Draft, Subject, name, position};

const WRITERS: u64 = 4;
const COMMITS: u64 = 40;

/// Waits for no longer than anything takes that does not hang.
fn wait_past(
    changes: &Changes,
    seen: Option<GlobalPosition>,
    patience: Duration,
) -> GlobalPosition {
    let woken = changes.wait_past_timeout(seen, patience).unwrap();
    woken.unwrap_or_else(|| panic!("nobody woke the reader"))
}

pub fn r09_whoever_is_woken_can_read_what_woke_it(store: Subject) {
    let (total, patience) = (WRITERS * COMMITS, store.backend().patience);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = store.shared();
            scope.spawn(move || {
                for _ in 0..COMMITS {
                    Draft::new().on(&format!("a/{writer}")).event("x", b"").must(&*store);
                }
            });
        }
        for _ in 0..2 {
            let store = store.shared();
            scope.spawn(move || {
                let (changes, mut page, mut seen) = (store.changes(), Page::new(), None);
                while seen < GlobalPosition::new(total) {
                    let head = wait_past(&changes, seen, patience);
                    assert!(Some(head) > seen, "woken for nothing");
                    assert!(store.head().unwrap() >= Some(head), "woken for what is not there");
                    store.read(&Read::log(Query::all()).from_position(head), &mut page).unwrap();
                    let first = page.iter().next().map(|event| event.position());
                    assert_eq!(first, Some(head), "woken for what cannot be read");
                    seen = Some(head);
                }
            });
        }
    });
}

pub fn r09_what_was_acknowledged_need_not_be_waited_for(store: Subject) {
    let changes = store.changes();
    assert!(matches!(changes.wait_past_timeout(None, Duration::ZERO), Ok(None)));
    let draft = Draft::new().on("a/1").event("x", b"1").event("x", b"2");
    draft.must(&*store);
    let patience = store.backend().patience;
    assert_eq!(wait_past(&changes, None, patience), position(2));
    assert_eq!(wait_past(&changes, Some(position(1)), patience), position(2));
    // Nor does what writes no event wake anyone.
    draft.must(&*store);
    Draft::new().row("v", b"k", None, Some(b"")).must(&*store);
    let nothing = changes.wait_past_timeout(Some(position(2)), Duration::ZERO);
    assert!(matches!(nothing, Ok(None)));
    assert_eq!(store.changes().head(), Some(position(2)));
}

/// Counts how often it is called.
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub fn r09_a_task_is_woken_as_a_thread_is(store: Subject) {
    let changes = store.changes();
    let woken = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let mut first = Box::pin(changes.past(None));
    let mut dropped = Box::pin(changes.past(None));
    let mut later = Box::pin(changes.past(Some(position(1))));
    for _ in 0..2 {
        for past in [&mut first, &mut dropped, &mut later] {
            assert!(past.as_mut().poll(&mut context).is_pending());
        }
    }
    drop(dropped);
    Draft::new().on("a/1").event("x", b"").must(&*store);
    assert_eq!(woken.0.load(Ordering::SeqCst), 1, "one wait has ended");
    let outcome = first.as_mut().poll(&mut context);
    assert!(matches!(outcome, Poll::Ready(Ok(head)) if head == position(1)));
    assert!(later.as_mut().poll(&mut context).is_pending());
    Draft::new().on("a/1").event("x", b"").must(&*store);
    assert_eq!(woken.0.load(Ordering::SeqCst), 2);
    assert!(later.as_mut().poll(&mut context).is_ready());
}

pub fn r09_a_subscription_misses_nothing_and_doubles_nothing(store: Subject) {
    let (total, patience) = (WRITERS * COMMITS, store.backend().patience);
    Draft::new().on("b/1").event("y", b"").must(&*store);
    thread::scope(|scope| {
        for query in [Query::all(), Query::category(name("a")), Query::kinds([name("x")])] {
            let all = query.items.is_empty();
            let shared = store.shared();
            let mut pages = Subscription::new(&shared, query, None).page_of(7);
            scope.spawn(move || {
                let mut streams = vec![0; usize::try_from(WRITERS).unwrap()];
                let (mut last, mut events) = (0, 0);
                while events < total {
                    let page = pages.next_timeout(patience).unwrap();
                    let page = page.unwrap_or_else(|| panic!("missed one"));
                    assert!(!page.is_empty() && page.len() <= 7);
                    for event in page.iter() {
                        assert!(event.position().get() > last, "out of order, or doubled");
                        last = event.position().get();
                        if event.category() == "a" {
                            let of_stream = &mut streams[event.stream().parse::<usize>().unwrap()];
                            *of_stream += 1;
                            assert_eq!(event.version().get(), *of_stream, "missed one");
                            events += 1;
                        } else {
                            assert!(all, "does not match");
                        }
                    }
                }
            });
        }
        for writer in 0..WRITERS {
            let store = store.shared();
            scope.spawn(move || {
                for _ in 0..COMMITS {
                    let draft = Draft::new().on(&format!("a/{writer}")).event("x", b"");
                    draft.on("b/1").event("y", b"").must(&*store);
                }
            });
        }
    });
}

pub fn r09_a_subscription_stays_where_it_is_told_to_begin(store: Subject) {
    for _ in 0..3 {
        Draft::new().on("a/1").event("x", b"").on("b/1").event("y", b"").must(&*store);
    }
    let shared = store.shared();
    let mut later = Subscription::new(&shared, Query::category(name("a")), Some(position(3)));
    let page = later.next_timeout(Duration::ZERO).unwrap().unwrap();
    assert_eq!(page.iter().map(|event| event.position().get()).collect::<Vec<_>>(), [5]);
    assert!(later.next_timeout(Duration::ZERO).unwrap().is_none());
    assert_eq!(later.position(), Some(position(6)), "what does not match is dealt with too");
    let mut end = Subscription::new(&shared, Query::all(), GlobalPosition::new(u64::MAX));
    assert!(end.next_timeout(Duration::ZERO).unwrap().is_none());
}

pub fn r09_closing_ends_every_wait(mut store: Subject) {
    let (changes, patience) = (store.changes(), store.backend().patience);
    let pages = Subscription::new(&store.shared(), Query::all(), None);
    let (waits, waiting) = mpsc::channel();
    let (ended, ends) = mpsc::channel();
    for mut pages in [Some(pages), None] {
        let (changes, waits, ended) = (changes.clone(), waits.clone(), ended.clone());
        thread::spawn(move || {
            waits.send(()).unwrap();
            let end = match &mut pages {
                Some(pages) => {
                    let end = pages.next().unwrap().map(|_| ());
                    assert!(pages.next().is_none(), "it went on after its end");
                    end
                }
                None => changes.wait_past(None).map(|_| ()),
            };
            ended.send(end).unwrap();
        });
    }
    for _ in 0..2 {
        waiting.recv().unwrap();
    }
    let task = changes.past(None);
    drop(store.close());
    for _ in 0..2 {
        let end = ends.recv_timeout(patience).unwrap_or_else(|_| panic!("a reader waits for ever"));
        assert!(matches!(end, Err(ReadError::Closed)), "{end:?}");
    }
    let mut task = Box::pin(task);
    let outcome = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(outcome, Poll::Ready(Err(ReadError::Closed))));
}
