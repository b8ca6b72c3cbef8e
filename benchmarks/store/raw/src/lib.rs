//! What both layouts have in common: how a connection is set, what a caller knows of an event, group
//! commit, and a projection.

mod catch_up;
mod connect;
mod group;
mod new;

pub use catch_up::{Log, catch_up, view};
pub use connect::open;
pub use group::{Requests, append, commit};
pub use new::{New, now};

use store_jobs::Failure;

/// The connection that writes.
pub trait Writer {
    fn begin(&mut self) -> Result<(), Failure>;

    /// Writes an event if its stream is as expected. An error ends the job: here nobody is wrong, so
    /// that what a transaction has put into memory need never be taken back.
    fn append(&mut self, new: &New<'_>) -> Result<(), Failure>;

    /// Everything since [`begin`](Self::begin) is durable when this returns.
    fn commit(&mut self) -> Result<(), Failure>;
}
