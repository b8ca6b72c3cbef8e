//! Writers side by side.

use std::future::Future;
use std::thread;

use tokio::runtime::{Builder, Runtime};

use crate::Failure;

/// Runs a writer for each share, each on a thread.
pub fn in_threads<T: Send>(
    shares: Vec<T>,
    writer: impl Fn(T) -> Result<(), Failure> + Sync,
) -> Result<(), Failure> {
    let writer = &writer;
    thread::scope(|scope| {
        let threads: Vec<_> =
            shares.into_iter().map(|share| scope.spawn(move || writer(share))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a writer panicked")?)
    })
}

/// The runtime of all tasks: two workers.
pub fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// Runs a writer for each share, each a task.
pub fn in_tasks<T, F>(
    runtime: &Runtime,
    shares: Vec<T>,
    writer: impl Fn(T) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let tasks: Vec<_> = shares.into_iter().map(|share| runtime.spawn(writer(share))).collect();
    runtime.block_on(async {
        for task in tasks {
            task.await??;
        }
        Ok(())
    })
}
