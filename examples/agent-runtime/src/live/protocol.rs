//! What is said over the socket.
//!
//! A client sends one line in the recording's format (`hook`, `decision`, `link`, `cancel`), so that
//! what is heard live can be replayed. The supervisor answers with [`Reply`]s, a line each, and
//! closes the connection: first that it has heard, and where a decision is due, that decision.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use vitae::Timestamp;

use crate::request::Decision;
use crate::supervisor::Given;

/// The longest line, in bytes. What comes of it has [room on the log](crate::limits).
pub const LONGEST_LINE: usize = 8 << 20;

/// What a supervisor says.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Reply {
    /// It is on the log.
    Heard {
        /// Whether a decision is due: an answer follows.
        due: bool,
    },
    /// What was decided.
    Answer(Word),
    /// It was not taken, and would not be if it came again.
    Refused {
        /// Why.
        why: String,
    },
    /// There are too many connections; come again.
    Busy,
}

/// The last word on a request.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// The decision.
    pub decision: Decision,
    /// What people have answered, if the agent asked them something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Given>,
}

/// The line of a hook, from the JSON that the agent gave.
///
/// # Errors
/// If it is not JSON.
pub fn hook_line(id: &str, event: &str, at: Timestamp) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct HookLine<'a> {
        t: &'static str,
        at: i64,
        id: &'a str,
        event: &'a RawValue,
    }
    // In JSON a line feed stands between tokens only.
    let event = event.replace(['\n', '\r'], " ");
    let event = serde_json::from_str(&event)?;
    serde_json::to_string(&HookLine { t: "hook", at: at.as_millis(), id, event })
}

/// The line of a decision. `decision` is as a recording has it.
#[must_use]
pub fn decision_line(request: &str, decision: &Value, at: Timestamp) -> String {
    let at = at.as_millis();
    json!({ "t": "decision", "at": at, "request": request, "decision": decision }).to_string()
}
