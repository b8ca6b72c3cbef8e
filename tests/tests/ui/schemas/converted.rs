//! A payload is written as what it is, and not as another type.

use serde::{Deserialize, Serialize};
use vitae::Schema;

#[derive(Schema, Serialize, Deserialize, Clone)]
#[serde(try_from = "u8", into = "u8")]
enum Converted {
    A,
}

impl TryFrom<u8> for Converted {
    type Error = String;

    fn try_from(_: u8) -> Result<Self, String> {
        Ok(Self::A)
    }
}

impl From<Converted> for u8 {
    fn from(_: Converted) -> Self {
        0
    }
}

fn main() {}
