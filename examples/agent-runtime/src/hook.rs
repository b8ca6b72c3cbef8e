//! The words of the agent's hooks and of those who answer them, turned into ours.
//!
//! Owns the only knowledge of Claude Code's hook payloads. Never decides anything.

pub mod question;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::without_half_characters;
use crate::request::Decision;
use crate::run::{Tool, Trigger};

/// What an agent reported.
#[derive(Clone, PartialEq, Debug)]
pub struct Hook {
    /// The agent session that reported it.
    pub agent: String,
    /// What it reported.
    pub event: HookEvent,
}

/// What an agent can report.
#[derive(Clone, PartialEq, Debug)]
#[expect(missing_docs, reason = "the names are those of the hooks")]
pub enum HookEvent {
    SessionStart { source: String, model: Option<String> },
    SessionEnd { reason: String },
    UserPromptSubmit { prompt: String },
    InRun(RunHook),
    Unknown { name: String, json: String },
}

/// What an agent can report of a run.
#[derive(Clone, PartialEq, Debug)]
#[expect(missing_docs, reason = "the names are those of the hooks")]
pub enum RunHook {
    PreToolUse { tool: Tool },
    PostToolUse { tool: Tool, response: String },
    PostToolUseFailure { tool: Tool, error: String, interrupted: bool },
    PermissionRequest { tool: Tool },
    Stop { message: Option<String>, again: bool, stopped: bool },
    SubagentStart { subagent: String, kind: String },
    SubagentStop { subagent: String, message: Option<String> },
    Notification { message: String, kind: Option<String> },
    PreCompact { trigger: String },
}

/// What every hook has.
#[derive(Deserialize)]
struct Head {
    hook_event_name: String,
    session_id: String,
}

/// The hooks whose fields are known.
const KNOWN: [&str; 12] = [
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "PermissionRequest",
    "Stop",
    "SubagentStart",
    "SubagentStop",
    "Notification",
    "PreCompact",
];

/// A known hook's payload: every field that any of them has.
#[derive(Deserialize, Default)]
struct Payload<'a> {
    source: Option<String>,
    model: Option<String>,
    reason: Option<String>,
    prompt: Option<String>,
    tool_name: Option<String>,
    tool_use_id: Option<String>,
    #[serde(borrow)]
    tool_input: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_response: Option<&'a RawValue>,
    error: Option<String>,
    is_interrupt: Option<bool>,
    stop_hook_active: Option<bool>,
    /// No agent's word, but that of those who tell what an agent has done: it cannot be kept from it.
    stopped: Option<bool>,
    last_assistant_message: Option<String>,
    agent_id: Option<String>,
    agent_type: Option<String>,
    message: Option<String>,
    notification_type: Option<String>,
    trigger: Option<String>,
}

impl Hook {
    /// Reads a hook's payload. One of a kind that is not known here is kept as it is. Half a character in
    /// it, which no text can hold, becomes U+FFFD.
    ///
    /// # Errors
    /// If it is not JSON, names no hook or no agent session, or a field has the wrong type.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        let json = &*without_half_characters(json);
        let Head { hook_event_name: name, session_id: agent } = serde_json::from_str(json)?;
        // What an unknown hook's fields are is not for us to say, even if we know the names.
        let payload = if KNOWN.contains(&name.as_str()) {
            serde_json::from_str(json)?
        } else {
            Payload::default()
        };
        let event = payload.event(name, json);
        Ok(Self { agent, event })
    }
}

impl Payload<'_> {
    fn event(self, name: String, json: &str) -> HookEvent {
        let or = |text: Option<String>, other: &str| text.unwrap_or_else(|| other.to_owned());
        let raw = |value: Option<&RawValue>| value.map_or("null", RawValue::get).to_owned();
        let tool = Tool {
            name: or(self.tool_name, "Unknown"),
            use_id: self.tool_use_id,
            input: raw(self.tool_input),
        };
        let message = self.last_assistant_message;
        let subagent = or(self.agent_id, "unknown");
        HookEvent::InRun(match name.as_str() {
            "SessionStart" => {
                let (source, model) = (or(self.source, "startup"), self.model);
                return HookEvent::SessionStart { source, model };
            }
            "SessionEnd" => return HookEvent::SessionEnd { reason: or(self.reason, "unknown") },
            "UserPromptSubmit" => {
                return HookEvent::UserPromptSubmit { prompt: or(self.prompt, "") };
            }
            "PreToolUse" => RunHook::PreToolUse { tool },
            "PostToolUse" => RunHook::PostToolUse { tool, response: raw(self.tool_response) },
            "PostToolUseFailure" => RunHook::PostToolUseFailure {
                tool,
                error: or(self.error, "Unknown error"),
                interrupted: self.is_interrupt.unwrap_or(false),
            },
            "PermissionRequest" => RunHook::PermissionRequest { tool },
            "Stop" => RunHook::Stop {
                message,
                again: self.stop_hook_active.unwrap_or(false),
                stopped: self.stopped.unwrap_or(false),
            },
            "SubagentStart" => RunHook::SubagentStart { subagent, kind: or(self.agent_type, "") },
            "SubagentStop" => RunHook::SubagentStop { subagent, message },
            "Notification" => RunHook::Notification {
                message: or(self.message, ""),
                kind: self.notification_type,
            },
            "PreCompact" => RunHook::PreCompact { trigger: or(self.trigger, "auto") },
            _ => return HookEvent::Unknown { name, json: json.to_owned() },
        })
    }
}

/// The trigger of a run that a session start with this source opens, if it opens one.
#[must_use]
pub fn trigger_of_source(source: &str) -> Option<Trigger> {
    match source {
        "resume" => Some(Trigger::Resume),
        "clear" => Some(Trigger::Clear),
        "compact" => Some(Trigger::Compact),
        _ => None,
    }
}

/// What somebody or something answered to a request, in the words of the supervisor's channels.
#[derive(Deserialize, Clone, Debug)]
pub struct Answer {
    /// `json`, or `passthrough` for no opinion.
    #[serde(rename = "type")]
    kind: String,
    /// Who answered: `user`, `rule`, `timeout`.
    source: Option<String>,
    intent: Option<Intent>,
    data: Option<Data>,
    reason: Option<String>,
}

#[derive(Deserialize, Clone, Debug)]
struct Intent {
    kind: String,
    reason: Option<String>,
}

#[derive(Deserialize, Clone, Debug)]
struct Data {
    decision: Option<String>,
    ok: Option<bool>,
    reason: Option<String>,
}

impl Answer {
    /// What a person says to a request, be it a permission or a stop.
    #[must_use]
    pub fn of_user(allow: bool, reason: Option<String>) -> Self {
        let (intent, decision) =
            if allow { ("permission_allow", None) } else { ("permission_deny", Some("block")) };
        let decision = decision.map(str::to_owned);
        Self {
            kind: "json".to_owned(),
            source: Some("user".to_owned()),
            intent: Some(Intent { kind: intent.to_owned(), reason: reason.clone() }),
            data: Some(Data { decision, ok: Some(allow), reason }),
            reason: None,
        }
    }

    /// Who answered.
    #[must_use]
    pub fn source(&self) -> &str {
        self.source.as_deref().unwrap_or("unknown")
    }

    /// What it means for a permission.
    #[must_use]
    pub fn for_permission(&self) -> Decision {
        let intent = self.intent.as_ref();
        self.no_opinion().unwrap_or_else(|| match intent.map(|intent| intent.kind.as_str()) {
            Some("permission_allow") => Decision::Allow,
            Some("permission_deny") => {
                Decision::Deny { reason: intent.and_then(|intent| intent.reason.clone()) }
            }
            _ => Decision::NoOpinion { reason: "unknown".to_owned() },
        })
    }

    /// What it means for an agent that wants to stop.
    #[must_use]
    pub fn for_stop(&self) -> Decision {
        let data = self.data.as_ref();
        let blocks = data.is_some_and(|data| {
            data.decision.as_deref() == Some("block") || data.ok == Some(false)
        });
        self.no_opinion().unwrap_or_else(|| {
            let reason = data.and_then(|data| data.reason.clone()).or_else(|| self.reason.clone());
            if blocks { Decision::Deny { reason } } else { Decision::Allow }
        })
    }

    fn no_opinion(&self) -> Option<Decision> {
        let reason = match (self.source(), self.kind.as_str()) {
            ("timeout", _) => "timeout",
            (source, "passthrough") => source,
            _ => return None,
        };
        Some(Decision::NoOpinion { reason: reason.to_owned() })
    }
}
