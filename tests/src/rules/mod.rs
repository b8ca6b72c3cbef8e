//! The rules, one function or more for each, named after it.

mod appends;
mod beside;
mod concurrent;
mod erasure;
mod input;
mod reads;
mod transfer;

pub use appends::*;
pub use beside::*;
pub use concurrent::*;
pub use erasure::*;
pub use input::*;
pub use reads::*;
pub use transfer::*;
