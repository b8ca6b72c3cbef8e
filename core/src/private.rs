//! What the derives' output calls. Not part of the public API: anything here may change.

pub use crate::aggregate::split::{Parts, join, split};
pub use crate::event::{decode, encode, schemas, tag};
