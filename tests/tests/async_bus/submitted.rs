//! A commit that was handed to the store, awaited.

use std::future::IntoFuture;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use vitae::store::{AppendError, EventStore};
use vitae::tokio::AsyncBus;
use vitae::{Bus, CommitReason, Policy};
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    while_the_store_is_at_work_the_executor_is_free
    while_it_is_put_together_anew_the_executor_is_free
    a_policys_panic_comes_to_who_waits
    a_panic_comes_to_who_waits
    an_error_gives_the_aggregates_back
    what_is_dropped_is_not_cancelled
}

/// One thread, on which nothing goes on while something blocks it.
fn one_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn recorded(bus: &Bus, id: &str) -> vitae::Aggregate<Count> {
    bus.load::<Count>(id).unwrap().record(Added { by: 1 }).unwrap()
}

/// Lets the others on this executor have their turns, and only then what is held go on.
async fn release(held: Sender<()>) {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    held.send(()).unwrap();
}

fn while_the_store_is_at_work_the_executor_is_free(log: Subject) {
    let double = Double::of(&log);
    let bus = Bus::open(double.clone()).unwrap();
    one_thread().block_on(async {
        let submitted = {
            let held = double.hold_append();
            (bus.submit(recorded(&bus, "a")).into_future(), release(held))
        };
        let (committed, ()) = tokio::join!(submitted.0, submitted.1);
        assert_eq!(committed.unwrap().1.positions.unwrap().0.get(), 1);

        let held = double.hold_append();
        let tasks = AsyncBus::new(bus.clone());
        let (committed, ()) = tokio::join!(tasks.commit(recorded(&bus, "b")), release(held));
        assert_eq!(committed.unwrap().1.positions.unwrap().0.get(), 2);
    });
}

/// A policy that waits for the test when it is asked the second time, and what lets it go on.
fn slow_when_asked_again() -> (Policy, Sender<()>) {
    let (release, held): (_, Receiver<()>) = channel();
    let (held, asked) = (Mutex::new(held), AtomicU32::new(0));
    let policy = Policy::new("slow").on(move |_: &Added, _, then| {
        let lines = then.state::<Note>("log")?.lines().len();
        if asked.fetch_add(1, Ordering::SeqCst) == 1 {
            held.lock().unwrap().recv_timeout(Duration::from_secs(60))?;
        }
        then.record::<Note>("log", wrote(lines.to_string()))?;
        Ok(())
    });
    (policy, release)
}

fn while_it_is_put_together_anew_the_executor_is_free(log: Subject) {
    for number in 0..2 {
        let (policy, held) = slow_when_asked_again();
        let double = Double::of(&log);
        let bus = Bus::builder(double.clone()).policy(policy).open().unwrap();
        let other = self::bus(&log);
        double.sneak(move || write(&other, "log", "theirs"));
        let count = recorded(&bus, &number.to_string());
        one_thread().block_on(async {
            let commit = async {
                match number {
                    0 => bus.submit(count).await,
                    _ => AsyncBus::new(bus.clone()).commit(count).await,
                }
            };
            let (committed, ()) = tokio::join!(commit, release(held));
            assert_eq!(committed.unwrap().0.state().value(), 1);
        });
        assert_eq!(double.appends(), 2, "it was put together anew");
    }
    assert_eq!(note(&self::bus(&log), "log").texts(), ["theirs", "1", "theirs", "3"]);
}

fn a_policys_panic_comes_to_who_waits(log: Subject) {
    let asked = Arc::new(AtomicU32::new(0));
    let asks = Arc::clone(&asked);
    let policy = Policy::new("mistaken").on(move |_: &Added, _, then| {
        assert_eq!(asks.fetch_add(1, Ordering::SeqCst), 0, "a mistake of the policy");
        then.record::<Note>("log", wrote("once"))?;
        Ok(())
    });
    let double = Double::of(&log);
    let bus = Bus::builder(double.clone()).policy(policy).open().unwrap();
    let other = self::bus(&log);
    double.sneak(move || write(&other, "log", "theirs"));
    let error = one_thread().block_on(bus.submit(recorded(&bus, "a")).into_future()).unwrap_err();
    let CommitReason::Policy { source, .. } = error.reason() else { panic!("{error:?}") };
    assert!(source.to_string().contains("a mistake of the policy"), "{source}");
    assert_eq!(error.into_aggregates().recorded(), 1);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

fn a_panic_comes_to_who_waits(log: Subject) {
    let tasks = AsyncBus::new(bus(&log));
    let work = tasks.run(|_| panic!("a mistake of the caller"));
    let panic = std::panic::catch_unwind(AssertUnwindSafe(|| one_thread().block_on(work)));
    let panic = panic.expect_err("the panic is lost");
    assert_eq!(*panic.downcast::<&str>().unwrap(), "a mistake of the caller");
}

fn an_error_gives_the_aggregates_back(log: Subject) {
    let double = Double::of(&log);
    double.lose_answer(true);
    let bus = Bus::open(double).unwrap();
    one_thread().block_on(async {
        let error = bus.submit(recorded(&bus, "a")).await.unwrap_err();
        let unknown = AppendError::outcome;
        assert!(matches!(error.reason(), CommitReason::Append(error)
            if unknown(error) == vitae::store::Outcome::Unknown));
        let (_, receipt) = bus.submit(error.into_aggregates()).await.unwrap();
        assert!(receipt.already_appended);

        let (one, other) = (recorded(&bus, "b"), recorded(&bus, "b"));
        bus.submit(one).await.unwrap();
        let tasks = AsyncBus::new(bus.clone());
        let error = tasks.commit(other).await.unwrap_err();
        assert!(matches!(error.reason(), CommitReason::Append(AppendError::Conflict { .. })));
        assert_eq!(error.into_aggregates().recorded(), 1);
    });
}

fn what_is_dropped_is_not_cancelled(log: Subject) {
    let double = Double::of(&log);
    let bus = Bus::open(double.clone()).unwrap();
    let held = double.hold_append();
    let mut submitted = bus.submit(recorded(&bus, "a")).into_future();
    let mut context = Context::from_waker(Waker::noop());
    assert!(submitted.as_mut().poll(&mut context).is_pending());
    drop(submitted);
    held.send(()).unwrap();
    let changes = double.changes();
    let head = changes.wait_past_timeout(None, Duration::from_secs(60)).unwrap();
    assert_eq!(head.expect("it was cancelled").get(), 1);
    assert_eq!(count(&self::bus(&log), "a"), 1);
}
