//! A value whose form differs from system to system, or from format to format, has no schema.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "connected")]
struct Connected {
    address: std::net::IpAddr,
    port: std::sync::atomic::AtomicU16,
    options: serde_json::Value,
}

fn main() {}
