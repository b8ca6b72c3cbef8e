//! The rules, one function or more for each, named after it.

#![allow(unreachable_pub, reason = "they are reached through `RULES`")]

mod appends;
mod beside;
mod closing;
mod concurrent;
mod conditions;
mod erasure;
mod files;
mod handles;
mod input;
mod overload;
mod processes;
mod reads;
mod snapshots;
mod transfer;
mod unknown;
mod waking;

pub use appends::*;
pub use beside::*;
pub use closing::*;
pub use concurrent::*;
pub use conditions::*;
pub use erasure::*;
pub use files::*;
pub use handles::*;
pub use input::*;
pub use overload::*;
pub use processes::*;
pub use reads::*;
pub use snapshots::*;
pub use transfer::*;
pub use unknown::*;
pub use waking::*;
