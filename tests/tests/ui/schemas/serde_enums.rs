use serde::{Deserialize, Serialize};
use vitae::Schema;

#[derive(Schema, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    A,
}

#[derive(Schema, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
enum Tagged {
    A,
}

#[derive(Schema, Serialize, Deserialize, Clone)]
#[serde(from = "u8", into = "u8")]
enum Converted {
    A,
}

impl From<u8> for Converted {
    fn from(_: u8) -> Self {
        Self::A
    }
}

impl From<Converted> for u8 {
    fn from(_: Converted) -> Self {
        0
    }
}

fn main() {}
