//! The signals by which a process is told to end.
//!
//! Owns that they are caught, and leave time to put things in order. Must never decide what that is.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use tokio::runtime::{Builder, Runtime};
pub use tokio::signal::unix::SignalKind;
use tokio::signal::unix::{Signal, signal};

/// Signals that end nothing by themselves any more, in this process. One that it starts has them as they
/// were at first.
pub struct Signals {
    runtime: Runtime,
    caught: Vec<(SignalKind, Signal)>,
}

impl Signals {
    /// Catches signals, until the process ends.
    ///
    /// # Errors
    /// If the system does not let them be caught.
    pub fn caught(kinds: impl IntoIterator<Item = SignalKind>) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let inside = runtime.enter();
        let caught = kinds.into_iter().map(|kind| Ok((kind, signal(kind)?)));
        let caught = caught.collect::<io::Result<_>>()?;
        drop(inside);
        Ok(Self { runtime, caught })
    }

    /// Waits for one of them. One that has come since they were caught counts.
    #[must_use]
    pub fn wait(mut self) -> SignalKind {
        let caught = &mut self.caught;
        self.runtime.block_on(poll_fn(|context| {
            let come = caught
                .iter_mut()
                .find_map(|(kind, signal)| signal.poll_recv(context).is_ready().then_some(*kind));
            come.map_or(Poll::Pending, Poll::Ready)
        }))
    }
}
