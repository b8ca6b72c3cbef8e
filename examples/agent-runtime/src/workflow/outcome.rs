//! How turns and workflows end.

use serde::{Deserialize, Serialize};
use vitae::Schema;

/// The most of a text that says why, in bytes.
const LONGEST_REASON: usize = 4 * 1024;

/// The beginning of a text that says why; an ellipsis stands for the rest. People read it, but an agent's last
/// line may be a whole file, and an event has no room for that.
pub(crate) fn cut_short(mut text: String) -> String {
    if text.len() > LONGEST_REASON {
        let end = (0..=LONGEST_REASON).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
    text
}

/// How a workflow stands.
#[derive(Schema, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Status {
    Running,
    Completed,
    Blocked,
    Exhausted,
    Failed,
    Cancelled,
}

impl Status {
    /// The status as a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Blocked => "blocked",
            Self::Exhausted => "exhausted",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How a workflow ends.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The status.
    pub status: Status,
    /// Why, where there is something to say.
    pub stop_reason: Option<String>,
}

/// How the agent process of a turn ended.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Default, Debug)]
pub struct Exit {
    /// Its exit code, if it had one.
    pub code: Option<i64>,
    /// What went wrong, if it did not come to an exit code.
    pub error: Option<String>,
    /// The last line on its standard error.
    pub stderr: Option<String>,
    /// What was seen of its tool uses on the two ways in which they are reported.
    pub transport: Option<Transport>,
}

/// The tool uses of a turn, counted on the agent's output and on its hooks.
#[derive(Schema, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transport {
    /// Tool uses on the agent's own output.
    pub stream_tool_uses: u64,
    /// `PreToolUse` hooks that arrived.
    pub pre_tool_use_events: u64,
}

impl Exit {
    /// The same, with the beginning of what was said.
    #[must_use]
    pub(crate) fn cut_short(self) -> Self {
        let (error, stderr) = (self.error.map(cut_short), self.stderr.map(cut_short));
        Self { error, stderr, ..self }
    }

    /// Why the agent process failed, if it did.
    pub(super) fn crash(&self) -> Option<String> {
        let reason = match (&self.error, self.code) {
            (Some(error), _) if !error.is_empty() => error.clone(),
            (_, Some(code)) if code != 0 => format!("Process exited with code {code}"),
            (Some(_), _) => "Turn failed".to_owned(),
            (None, _) => return None,
        };
        Some(match &self.stderr {
            Some(stderr) if !stderr.is_empty() => format!("{reason}: {stderr}"),
            _ => reason,
        })
    }

    /// What is wrong if tools were used and no hook told of it.
    pub(super) fn broken_transport(&self) -> Option<String> {
        let Transport { stream_tool_uses: uses, pre_tool_use_events: 0 } = self.transport? else {
            return None;
        };
        (uses > 0).then(|| {
            format!(
                "Hook transport broken: observed {uses} tool use(s) in Claude stream but received \
                 no PreToolUse events."
            )
        })
    }
}
