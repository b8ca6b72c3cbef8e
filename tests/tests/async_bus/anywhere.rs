//! Executors other than tokio's, and a runtime that is no more.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use vitae::store::Query;
use vitae::tokio::AsyncBus;
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    an_executor_of_another_kind_will_do
    a_runtime_that_shuts_down_loses_nothing
}

/// Wakes a thread that sleeps until its future can go on.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => std::thread::park(),
        }
    }
}

async fn a_life(bus: &AsyncBus, id: &str) {
    let mut pages = bus.subscribe(Query::all(), bus.run(|bus| bus.store().head().unwrap()).await);
    for value in 1..=3 {
        let count = bus.load::<Count>(id).await.unwrap();
        let (count, _) = bus.commit(count.record(Added { by: 1 }).unwrap()).await.unwrap();
        assert_eq!(count.state().value(), value);
        assert_eq!(pages.next().await.unwrap().unwrap().len(), 1);
    }
}

fn an_executor_of_another_kind_will_do(log: Subject) {
    block_on(a_life(&AsyncBus::new(bus(&log)), "n"));
    assert_eq!(log.verify().unwrap(), 3);
}

fn a_runtime_that_shuts_down_loses_nothing(log: Subject) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let handle = runtime.handle().clone();
    runtime.shutdown_background();
    let _inside = handle.enter();
    block_on(a_life(&AsyncBus::new(bus(&log)), "n"));
    assert_eq!(log.verify().unwrap(), 3);
}
