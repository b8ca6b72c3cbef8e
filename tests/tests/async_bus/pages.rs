//! A subscription as a stream.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use vitae::store::{Page, Query, ReadError, Subscription};
use vitae::tokio::{AsyncBus, Pages};
use vitae::{Bus, GlobalPosition};
use vitae_tests::{Draft, Subject, name, position};

use crate::support::*;

on_every_store! {
    it_catches_up_and_goes_on
    nothing_is_read_before_it_is_asked_for
    one_life_is_followed
    what_has_a_tag_or_a_kind_is_followed
    while_it_waits_it_holds_no_thread
    dropped_midway_it_leaves_nothing_behind
    a_wait_that_is_broken_off_loses_nothing
    it_ends_when_the_store_is_closed
}

fn runtime() -> tokio::runtime::Runtime {
    // One thread for what blocks: something that held it would stop everything else.
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(1)
        .build()
        .unwrap()
}

fn positions(page: &Page) -> Vec<u64> {
    page.iter().map(|event| event.position().get()).collect()
}

const WRITERS: u64 = 8;
const EACH: u64 = 20;

fn it_catches_up_and_goes_on(log: Subject) {
    let bus = bus(&log);
    (0..5).for_each(|_| add(&bus, "before", 1));
    let tasks = AsyncBus::new(bus);
    runtime().block_on(async {
        let reader = tokio::spawn(all_in_order(tasks.clone(), 5 + WRITERS * EACH));
        for writer in 0..WRITERS {
            let bus = tasks.clone();
            tokio::spawn(async move {
                for _ in 0..EACH {
                    let count = bus.load::<Count>(writer.to_string()).await.unwrap();
                    bus.commit(count.record(Added { by: 1 }).unwrap()).await.unwrap();
                }
            });
        }
        reader.await.unwrap();
    });
}

/// Reads so many events, each at its position.
async fn all_in_order(bus: AsyncBus, total: u64) {
    let mut pages = Pages::from(bus.bus().subscribe(Query::all(), None).page_of(3));
    let mut last = 0;
    while last < total {
        for at in positions(&pages.next().await.unwrap().unwrap()) {
            assert_eq!(at, last + 1);
            last = at;
        }
    }
}

fn nothing_is_read_before_it_is_asked_for(log: Subject) {
    let double = Double::of(&log);
    let bus = Bus::open(double.clone()).unwrap();
    (0..9).for_each(|_| add(&bus, "n", 1));
    let before = double.reads();
    let mut pages = Pages::from(bus.subscribe(Query::all(), Some(position(3))).page_of(2));
    runtime().block_on(async {
        for (reads, expected) in [(1, [4, 5]), (2, [6, 7]), (3, [8, 9])] {
            assert_eq!(double.reads(), before + reads - 1, "read without being asked");
            let page = pages.next().await.unwrap().unwrap();
            assert_eq!(positions(&page), expected);
        }
    });
    assert_eq!(double.reads(), before + 3);
}

fn one_life_is_followed(log: Subject) {
    let bus = bus(&log);
    (0..3).for_each(|_| ["a", "b"].into_iter().for_each(|id| add(&bus, id, 1)));
    let tasks = AsyncBus::new(bus);
    runtime().block_on(async {
        let mut life = tasks.subscribe_to::<Count>("b", Some(position(3))).unwrap();
        assert_eq!(positions(&life.next().await.unwrap().unwrap()), [4, 6]);
        let waiting = tokio::spawn(async move { positions(&life.next().await.unwrap().unwrap()) });
        tasks.run(|bus| ["a", "b"].into_iter().for_each(|id| add(bus, id, 1))).await;
        assert_eq!(waiting.await.unwrap(), [8]);
    });
}

fn what_has_a_tag_or_a_kind_is_followed(log: Subject) {
    let tasks = AsyncBus::new(bus(&log));
    let append = |bus: &Bus| {
        for (kind, tag) in [("x", "red"), ("y", "blue"), ("y", "red"), ("z", "redder")] {
            let draft = Draft::new().on("other/a").event(kind, b"").tag(tag);
            draft.must(bus.store().as_ref());
        }
    };
    runtime().block_on(async {
        let mut red = tasks.subscribe(Query::tag(name("red")), None);
        let mut kinds = tasks.subscribe(Query::kinds(["x", "z"].map(name)), Some(position(1)));
        for (reds, of_kinds) in [([1, 3], &[4][..]), ([5, 7], &[5, 8])] {
            tasks.run(append).await;
            assert_eq!(positions(&red.next().await.unwrap().unwrap()), reds);
            assert_eq!(positions(&kinds.next().await.unwrap().unwrap()), of_kinds);
        }
    });
}

fn while_it_waits_it_holds_no_thread(log: Subject) {
    let bus = AsyncBus::new(bus(&log));
    runtime().block_on(async {
        let waiting: Vec<_> = (0..50)
            .map(|_| {
                let mut pages = bus.subscribe(Query::all(), None);
                tokio::spawn(async move { positions(&pages.next().await.unwrap().unwrap()) })
            })
            .collect();
        let count = bus.load::<Count>("n").await.unwrap();
        bus.commit(count.record(Added { by: 1 }).unwrap()).await.unwrap();
        for reader in waiting {
            assert_eq!(reader.await.unwrap(), [1]);
        }
    });
}

/// A waker that somebody may keep.
struct Kept;

impl Wake for Kept {
    fn wake(self: Arc<Self>) {}
}

fn dropped_midway_it_leaves_nothing_behind(log: Subject) {
    let (bus, kept) = (bus(&log), Arc::new(Kept));
    let waker = Waker::from(Arc::clone(&kept));
    let mut context = Context::from_waker(&waker);
    {
        let mut past = pin!(log.changes().past(None));
        assert!(past.as_mut().poll(&mut context).is_pending());
        assert_eq!(Arc::strong_count(&kept), 3, "it is not waiting");
    }
    assert_eq!(Arc::strong_count(&kept), 2, "it waits still");

    // Outside of tokio each piece of work has a thread of its own, which ends.
    let mut pages = Pages::from(Subscription::new(&log.shared(), Query::all(), None));
    for _ in 0..2 {
        assert!(pin!(pages.next()).poll(&mut context).is_pending());
    }
    drop(pages);
    while Arc::strong_count(&kept) > 2 {
        std::thread::yield_now();
    }
    add(&bus, "n", 1);
    assert_eq!(count(&bus, "n"), 1);
}

fn a_wait_that_is_broken_off_loses_nothing(log: Subject) {
    let bus = AsyncBus::new(bus(&log));
    runtime().block_on(async {
        let mut pages = bus.subscribe(Query::all(), None);
        for number in 1..=20 {
            tokio::select! {
                biased;
                page = pages.next() => panic!("there is nothing: {page:?}"),
                () = tokio::task::yield_now() => {}
            }
            let draft = Draft::new().on("a/1").event("x", b"");
            bus.run(move |bus| draft.must(bus.store().as_ref())).await;
            assert_eq!(positions(&pages.next().await.unwrap().unwrap()), [number]);
        }
    });
}

fn it_ends_when_the_store_is_closed(mut log: Subject) {
    add(&bus(&log), "n", 1);
    let runtime = runtime();
    let (mut ends, mut idle) = (Vec::new(), Vec::new());
    for after in [None, GlobalPosition::new(1)] {
        idle.push(Pages::from(Subscription::new(&log.shared(), Query::all(), after)));
        let mut pages = Pages::from(Subscription::new(&log.shared(), Query::all(), after));
        ends.push(runtime.spawn(async move {
            loop {
                match pages.next().await {
                    Some(Ok(page)) => assert_eq!(positions(&page), [1]),
                    Some(Err(error)) => break (error, pages.next().await.is_none()),
                    None => panic!("it ended without a word"),
                }
            }
        }));
    }
    drop(log.close());
    runtime.block_on(async {
        for end in ends {
            assert!(matches!(end.await.unwrap(), (ReadError::Closed, true)));
        }
        for mut pages in idle {
            assert!(matches!(pages.next().await, Some(Err(ReadError::Closed))));
        }
    });
}
