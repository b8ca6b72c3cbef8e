//! Threads, as `std::thread` has them.

pub use shuttle::thread::*;
