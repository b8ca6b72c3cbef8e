//! What a program says of a job.

use serde::{Deserialize, Serialize};

/// One line of JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    pub job: String,
    pub system: String,
    pub durability: String,
    /// `None` if the system has no notion of the job.
    pub value: Option<f64>,
    pub unit: String,
    /// How many events the job was about.
    pub events: u64,
    pub peak_memory_bytes: u64,
    /// Of the folder, with the store closed.
    pub disk_bytes: u64,
    /// Why there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<String>,
}
