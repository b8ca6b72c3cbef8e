//! Two fields or variants of one name could not be told apart in the log.

use serde::{Deserialize, Serialize};
use vitae::{Event, Schema};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "moved")]
struct Moved {
    #[serde(rename = "to")]
    from: u8,
    to: u8,
}

#[derive(Schema, Serialize, Deserialize)]
enum Choice {
    #[serde(rename = "Second")]
    First,
    Second,
    Third {
        #[serde(rename = "type")]
        kind: u8,
        r#type: u8,
    },
}

fn main() {}
