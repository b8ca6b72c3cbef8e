//! The lines of a recorded session.
//!
//! Owns the recording's format. Never moves a life.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::hook::{Answer, Hook};
use crate::json::without_half_characters;
use crate::workflow::{Exit, Tokens, Transport};

/// A line of a recording: what reached the program from outside, and when.
#[derive(Debug)]
pub struct Line {
    /// When, in Unix milliseconds.
    pub at: i64,
    /// What.
    pub input: Input,
}

/// What can reach the program from outside.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names are those of the recording's format")]
pub enum Input {
    Workflow(WorkflowLine),
    Turn { prompt: String },
    Hook { id: String, hook: Box<Hook> },
    Decision { request: String, answer: Answer },
    Link { agent: String, workflow: String },
    Tracker { content: Option<String> },
    TurnEnd { exit: Exit, tokens: Tokens },
    Cancel,
}

/// A workflow was started.
#[derive(Deserialize, Debug)]
#[expect(missing_docs, reason = "the names are those of the recording's format")]
pub struct WorkflowLine {
    pub run_id: String,
    pub session_id: String,
    pub workflow: WorkflowConfig,
    pub prompt: String,
}

/// The workflow itself.
#[derive(Deserialize, Debug)]
#[expect(missing_docs, reason = "the names are those of the recording's format")]
pub struct WorkflowConfig {
    pub name: String,
    pub r#loop: Option<LoopConfig>,
}

/// How it is looped.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are those of the recording's format")]
pub struct LoopConfig {
    pub enabled: bool,
    pub max_iterations: u32,
    pub tracker_path: Option<String>,
}

/// Why a text is not a line of a recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// It is not UTF-8.
    #[error("the line is not UTF-8")]
    NotText,
    /// It is not JSON, or a field is missing or of the wrong type.
    #[error("the line is not as a recording has it")]
    Json(#[from] serde_json::Error),
    /// Its `t` is none that is known.
    #[error("`t` is `{t}`, which is none of {KNOWN}")]
    UnknownKind {
        /// What it is.
        t: String,
    },
}

const KNOWN: &str = "workflow, turn, hook, decision, link, tracker, turn_end, cancel";

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// [`LineError`] if it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, LineError> {
        #[derive(Deserialize)]
        struct Head {
            t: String,
            at: i64,
        }
        let json = std::str::from_utf8(bytes).map_err(|_| LineError::NotText)?;
        let json = &*without_half_characters(json);
        let Head { t, at } = serde_json::from_str(json)?;
        let input = match t.as_str() {
            "workflow" => Input::Workflow(serde_json::from_str(json)?),
            "turn" => Input::turn(json)?,
            "hook" => Input::hook(json)?,
            "decision" => Input::decision(json)?,
            "link" => Input::link(json)?,
            "tracker" => Input::tracker(json)?,
            "turn_end" => Input::turn_end(json)?,
            "cancel" => Input::Cancel,
            _ => return Err(LineError::UnknownKind { t }),
        };
        Ok(Self { at, input })
    }
}

impl Input {
    fn turn(json: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Turn {
            prompt: String,
        }
        serde_json::from_str(json).map(|Turn { prompt }| Self::Turn { prompt })
    }

    fn hook(json: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct HookLine<'a> {
            id: String,
            #[serde(borrow)]
            event: &'a RawValue,
        }
        let HookLine { id, event } = serde_json::from_str(json)?;
        Ok(Self::Hook { id, hook: Box::new(Hook::parse(event.get())?) })
    }

    fn decision(json: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Decision {
            request: String,
            decision: Answer,
        }
        let Decision { request, decision: answer } = serde_json::from_str(json)?;
        Ok(Self::Decision { request, answer })
    }

    fn link(json: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Link {
            session_id: String,
            run_id: String,
        }
        let Link { session_id: agent, run_id: workflow } = serde_json::from_str(json)?;
        Ok(Self::Link { agent, workflow })
    }

    fn tracker(json: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct TrackerLine {
            // Not `Option` alone: a line without the field is broken, not a missing file.
            #[serde(deserialize_with = "Option::deserialize")]
            content: Option<String>,
        }
        serde_json::from_str(json).map(|TrackerLine { content }| Self::Tracker { content })
    }

    fn turn_end(json: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct TokensLine {
            input: Option<u64>,
            output: Option<u64>,
            cache_read: Option<u64>,
            cache_write: Option<u64>,
            total: Option<u64>,
            context_size: Option<u64>,
            context_window_size: Option<u64>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct TransportLine {
            stream_tool_uses: u64,
            pre_tool_use_events: u64,
        }
        #[derive(Deserialize)]
        struct TurnEnd {
            exit_code: Option<i64>,
            error: Option<String>,
            stderr: Option<String>,
            tokens: Option<TokensLine>,
            transport: Option<TransportLine>,
        }
        let end: TurnEnd = serde_json::from_str(json)?;
        let transport = end.transport.map(|transport| Transport {
            stream_tool_uses: transport.stream_tool_uses,
            pre_tool_use_events: transport.pre_tool_use_events,
        });
        let tokens = end.tokens.map_or_else(Tokens::default, |tokens| Tokens {
            input: tokens.input,
            output: tokens.output,
            cache_read: tokens.cache_read,
            cache_write: tokens.cache_write,
            total: tokens.total,
            context_size: tokens.context_size,
            context_window_size: tokens.context_window_size,
        });
        let exit = Exit { code: end.exit_code, error: end.error, stderr: end.stderr, transport };
        Ok(Self::TurnEnd { exit, tokens })
    }
}
