//! The rules, one function or more for each, named after it.

mod appends;
mod beside;
mod concurrent;
mod input;
mod reads;
mod waking;

pub use appends::*;
pub use beside::*;
pub use concurrent::*;
pub use input::*;
pub use reads::*;
pub use waking::*;
