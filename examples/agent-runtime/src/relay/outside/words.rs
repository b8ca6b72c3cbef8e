//! Requests and answers as JSON: the words of the folder and of HTTP.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::projections::pending::PendingRow;
use crate::relay::{Asked, Reply};

/// The most bytes of an answer.
pub(super) const MAX_ANSWER: usize = 16 * 1024;

/// What waits, for people and their programs.
pub(super) fn shown(row: &PendingRow) -> Value {
    let mut json = json!({
        "request": row.request,
        "session": row.place.session,
        "run": row.place.run,
        "workflow": row.place.workflow,
        "since": row.since,
        "until": row.until,
    });
    let asked = match &row.asked {
        Asked::Permission { tool } => json!({
            "kind": "permission",
            "tool": tool.name,
            "tool_input": tool.input_shown(),
            "answers": if row.place.workflow.is_some() {
                vec!["allow", "deny", "always"]
            } else {
                vec!["allow", "deny"]
            },
        }),
        Asked::Question { text, choices } => json!({
            "kind": "question",
            "text": text,
            "choices": choices,
            "answers": ["text"],
        }),
    };
    if let (Value::Object(json), Value::Object(asked)) = (&mut json, asked) {
        json.extend(asked);
    }
    json
}

/// Reads an answer: `{"answer": "allow"}`, `{"answer": "deny", "reason": "…"}`,
/// `{"answer": "always"}` or `{"answer": "text", "text": "…"}`.
pub(crate) fn reply(json: &[u8]) -> serde_json::Result<Reply> {
    #[derive(Deserialize)]
    #[serde(tag = "answer", rename_all = "lowercase", deny_unknown_fields)]
    enum Words {
        // With braces, so that what does not belong there is refused here as well.
        Allow {},
        Deny { reason: Option<String> },
        Always {},
        Text { text: String },
    }
    Ok(match serde_json::from_slice(json)? {
        Words::Allow {} => Reply::Allow,
        Words::Deny { reason } => Reply::Deny { reason },
        Words::Always {} => Reply::Always,
        Words::Text { text } => Reply::Text { text },
    })
}
