//! Where something that follows the log begins.

use crate::number::GlobalPosition;

/// Where something that follows the log begins when it first runs on it. From then on its checkpoint
/// says where it is, and this is not looked at any more.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Start {
    /// With the first event.
    #[default]
    Beginning,
    /// With what comes after the moment at which the bus was opened on which it first runs; on a log without
    /// events, with the first.
    Now,
    /// With the first event behind a position, which must be on the log.
    After(GlobalPosition),
}
