//! An open-ended value has no schema: it could be anything.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "tool.called")]
struct Called {
    arguments: BTreeMap<String, serde_json::Value>,
}

fn main() {}
