//! Writers side by side.

use std::future::Future;
use std::thread;

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

/// Runs a writer for each share, each a task on a runtime with two workers.
pub fn in_tasks<T, F>(shares: Vec<T>, writer: impl Fn(T) -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    runtime.block_on(async {
        let tasks: Vec<_> = shares.into_iter().map(|share| runtime.spawn(writer(share))).collect();
        for task in tasks {
            task.await??;
        }
        Ok(())
    })
}
