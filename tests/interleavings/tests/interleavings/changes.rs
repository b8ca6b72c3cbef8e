//! Waiting for a log to go on (R9).

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, passing};

use crate::number::GlobalPosition;
use crate::store::{Changes, Past, Publisher, ReadError};
use crate::{A_WHILE, check, check_all};

/// How far the log goes in most of these.
const LAST: u64 = 3;

fn at(position: u64) -> Option<GlobalPosition> {
    GlobalPosition::new(position)
}

/// Follows the log to its end, as a subscription does, one wait after the other.
fn follow(changes: &Changes, wait: impl Fn(&Changes, Option<GlobalPosition>) -> GlobalPosition) {
    let mut seen = None;
    while seen < at(LAST) {
        let head = wait(changes, seen);
        assert!(Some(head) > seen, "{seen:?} was seen already");
        // What woke it can be read.
        assert!(changes.head() >= Some(head));
        seen = Some(head);
    }
}

fn as_thread(changes: &Changes, seen: Option<GlobalPosition>) -> GlobalPosition {
    changes.wait_past(seen).unwrap()
}

fn as_task(changes: &Changes, seen: Option<GlobalPosition>) -> GlobalPosition {
    shuttle::future::block_on(changes.past(seen)).unwrap()
}

fn is_pending(past: &mut Past) -> bool {
    Pin::new(past).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

fn follower(
    publisher: &Publisher,
    wait: fn(&Changes, Option<GlobalPosition>) -> GlobalPosition,
) -> JoinHandle<()> {
    let changes = publisher.changes();
    thread::spawn(move || follow(&changes, wait))
}

fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// One thread, or one task, and one publication: all interleavings there are.
#[test]
fn who_waits_is_woken() {
    for wait in [as_thread, as_task] {
        check_all(move || {
            let publisher = Publisher::new(None);
            let changes = publisher.changes();
            let waits = thread::spawn(move || assert_eq!(Some(wait(&changes, None)), at(1)));
            publisher.publish(at(1));
            waits.join().unwrap();
        });
    }
}

/// Threads and tasks beside each other, all at their own pace, and two that publish, not in order.
#[test]
fn who_follows_comes_to_the_end() {
    check(|| {
        let publisher = Arc::new(Publisher::new(None));
        let waits = [as_thread, as_task, as_thread, as_task];
        let followers = waits.map(|wait| follower(&publisher, wait));
        let publishers = [vec![1, 3], vec![2]].map(|positions| {
            let publisher = Arc::clone(&publisher);
            thread::spawn(move || positions.into_iter().for_each(|it| publisher.publish(at(it))))
        });
        join(publishers);
        join(followers);
        assert_eq!(publisher.changes().head(), at(LAST));
    });
}

/// When a waker is called, the position can be read by that very call: nothing is locked.
#[test]
fn what_wakes_a_task_can_be_read() {
    struct Reads(Changes, Mutex<Vec<Option<GlobalPosition>>>);
    impl Wake for Reads {
        fn wake(self: Arc<Self>) {
            let head = self.0.head();
            self.1.lock().unwrap().push(head);
        }
    }
    check_all(|| {
        let publisher = Publisher::new(None);
        let changes = publisher.changes();
        let reads = Arc::new(Reads(changes.clone(), Mutex::default()));
        let publishes = thread::spawn(move || publisher.publish(at(1)));
        let waker = Waker::from(Arc::clone(&reads));
        let mut past = changes.past(None);
        let polled = Pin::new(&mut past).poll(&mut Context::from_waker(&waker));
        publishes.join().unwrap();
        // The publisher is gone, which wakes too: by then the wait was over, or had ended at once.
        let heads = if polled.is_pending() { vec![at(1)] } else { vec![] };
        assert_eq!(*reads.1.lock().unwrap(), heads);
    });
}

/// Closing ends every wait, and every later one, whoever waits for whatever.
#[test]
fn closing_ends_every_wait() {
    fn is_closed<T: std::fmt::Debug>(outcome: Result<T, ReadError>) {
        assert!(matches!(outcome, Err(ReadError::Closed)), "{outcome:?}");
    }
    check(|| {
        let publisher = Arc::new(Publisher::new(at(1)));
        let (thread, task) = (publisher.changes(), publisher.changes());
        let with_end = publisher.changes();
        let (pauses, looks) = (Arc::clone(&publisher), Arc::clone(&publisher));
        let waits = [
            thread::spawn(move || is_closed(thread.wait_past(at(1)))),
            thread::spawn(move || is_closed(shuttle::future::block_on(task.past(at(1))))),
            thread::spawn(move || is_closed(with_end.wait_past_timeout(at(1), A_WHILE))),
            // As the thread does that looks for the commits of others, in a pause and after.
            thread::spawn(move || assert!(!pauses.until_awaited(A_WHILE))),
            thread::spawn(move || {
                while looks.until_awaited(Duration::ZERO) {
                    thread::yield_now();
                }
            }),
        ];
        publisher.close();
        join(waits);
        is_closed(publisher.changes().wait_past(None));
    });
}

/// So does the end of the publisher.
#[test]
fn nobody_waits_for_a_publisher_that_is_gone() {
    for wait in [
        |changes: Changes| changes.wait_past(None),
        |changes: Changes| shuttle::future::block_on(changes.past(None)),
    ] {
        check_all(move || {
            let publisher = Publisher::new(None);
            let changes = publisher.changes();
            let waits = thread::spawn(move || wait(changes));
            drop(publisher);
            assert!(matches!(waits.join().unwrap(), Err(ReadError::Closed)));
        });
    }
}

/// A fault ends the waits of then; whoever waits anew is told what comes then.
#[test]
fn a_fault_ends_the_waits_of_its_time() {
    check(|| {
        let publisher = Publisher::new(None);
        let changes = publisher.changes();
        let (task, thread) = (changes.past(None), changes.clone());
        let task = thread::spawn(move || shuttle::future::block_on(task));
        let thread = thread::spawn(move || thread.wait_past(None));
        let fails = thread::spawn(move || {
            publisher.fail(ReadError::Busy);
            publisher
        });
        assert!(matches!(task.join().unwrap(), Err(ReadError::Busy)));
        let publisher = fails.join().unwrap();
        assert!(is_pending(&mut changes.past(None)));
        // Whether it waited before is not known.
        publisher.publish(at(1));
        let told = thread.join().unwrap();
        assert!(matches!(told, Err(ReadError::Busy)) || told.ok() == at(1));
        assert_eq!(changes.wait_past(None).ok(), at(1));
    });
}

/// A task that gives up takes no other's waking with it, and no wait that is over is looked for.
#[test]
fn a_wait_that_is_dropped_is_over() {
    check(|| {
        let publisher = Arc::new(Publisher::new(None));
        let changes = publisher.changes();
        let gives_up = thread::spawn(move || {
            assert!(is_pending(&mut changes.past(at(LAST))));
        });
        let go_on = [as_task, as_thread].map(|wait| follower(&publisher, wait));
        (1..=LAST).for_each(|it| publisher.publish(at(it)));
        join([gives_up]);
        join(go_on);
        let looks = Arc::clone(&publisher);
        let looks = thread::spawn(move || assert!(!looks.until_awaited(Duration::ZERO)));
        publisher.close();
        looks.join().unwrap();
    });
}

/// Who looks for news only while somebody waits for them is told of each who does.
#[test]
fn a_wait_is_noticed() {
    for wait in [as_thread, as_task] {
        check(move || {
            let publisher = Arc::new(Publisher::new(None));
            let looks = Arc::clone(&publisher);
            let looks = thread::spawn(move || {
                let mut found = 0;
                while looks.until_awaited(Duration::ZERO) {
                    found = LAST.min(found + 1);
                    looks.publish(at(found));
                    thread::yield_now();
                }
            });
            join([follower(&publisher, wait), follower(&publisher, wait)]);
            publisher.close();
            looks.join().unwrap();
        });
    }
}

/// It looks no more often than it was told to.
#[test]
fn between_two_looks_is_a_pause() {
    check(|| {
        passing(|| {
            let publisher = Arc::new(Publisher::new(None));
            let looks = Arc::clone(&publisher);
            let looks = thread::spawn(move || {
                let (mut found, mut looked) = (0, Instant::now());
                while looks.until_awaited(A_WHILE) {
                    assert!(Instant::now().duration_since(looked) >= A_WHILE);
                    looked = Instant::now();
                    found = LAST.min(found + 1);
                    looks.publish(at(found));
                }
            });
            join([follower(&publisher, as_thread)]);
            publisher.close();
            looks.join().unwrap();
        });
    });
}

/// A wait with an end ends with news, or not before its time.
#[test]
fn a_wait_with_an_end_ends() {
    check(|| {
        passing(|| {
            let publisher = Publisher::new(None);
            let changes = publisher.changes();
            let waits = thread::spawn(move || {
                let begun = Instant::now();
                let news = changes.wait_past_timeout(None, A_WHILE).unwrap();
                assert!(news == at(1) || Instant::now().duration_since(begun) >= A_WHILE);
                // It is not lost with the wait that was too short for it.
                assert_eq!(changes.wait_past(None).ok(), at(1));
            });
            publisher.publish(at(1));
            waits.join().unwrap();
        });
    });
}
