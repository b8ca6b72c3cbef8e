//! Loading and committing from tasks.

use vitae::store::AppendError;
use vitae::tokio::AsyncBus;
use vitae::{Bus, CommitReason, LoadError, Projection};
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    while_the_log_is_read_the_executor_is_free
    a_life_that_has_not_begun_is_told_apart
    many_tasks_on_one_life_all_get_through
}

fn while_the_log_is_read_the_executor_is_free(log: Subject) {
    write(&bus(&log), "a", "one");
    let double = Double::of(&log);
    let bus = AsyncBus::new(Bus::open(double.clone()).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for _ in 0..2 {
            let held = double.hold_read();
            let release = async {
                tokio::task::yield_now().await;
                held.send(()).unwrap();
            };
            let (loaded, ()) = tokio::join!(bus.load_existing::<Note>("a"), release);
            assert_eq!(loaded.unwrap().state().texts(), ["one"]);
        }
    });
}

fn a_life_that_has_not_begun_is_told_apart(log: Subject) {
    let bus = AsyncBus::new(bus(&log));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert_eq!(bus.load::<Note>("a").await.unwrap().version(), None);
        let error = bus.load_existing::<Note>("a").await.unwrap_err();
        assert!(matches!(error, LoadError::NotFound { .. }), "{error}");
        let error = bus.load::<Note>("").await.unwrap_err();
        assert!(matches!(error, LoadError::InvalidId(_)), "{error}");
    });
}

const TASKS: u64 = 64;

fn many_tasks_on_one_life_all_get_through(log: Subject) {
    let rows = Projection::new("rows").on(|event: &Added, _, rows| {
        let before: u64 = rows.get("all")?.unwrap_or_default();
        rows.put("all", &(before + event.by))
    });
    let bus = AsyncBus::new(Bus::builder(log.shared()).projection(rows).open().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        // Fewer than there are tasks: those that wait for the store hold none.
        .max_blocking_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(add_one(bus.clone()))).collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(bus.load::<Count>("n").await.unwrap().state().value(), TASKS);
        let all = bus.run(|bus| bus.view::<u64>("rows").unwrap().get("all").unwrap()).await;
        assert_eq!(all, Some(TASKS));
    });
    assert_eq!(log.verify().unwrap(), TASKS);
}

/// Adds 1, loading again for as long as others are faster.
async fn add_one(bus: AsyncBus) {
    loop {
        let count = bus.load::<Count>("n").await.unwrap();
        let Err(error) = bus.commit(count.record(Added { by: 1 }).unwrap()).await else {
            return;
        };
        let reason = error.reason();
        let conflict = matches!(reason, CommitReason::Append(AppendError::Conflict { .. }));
        assert!(conflict || matches!(reason, CommitReason::Contended { .. }), "{reason:?}");
        assert_eq!(error.into_aggregates().recorded(), 1);
    }
}
