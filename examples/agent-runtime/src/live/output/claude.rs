//! Claude Code's words on its standard output (`--output-format stream-json`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Account, Listener, SaidHook};
use crate::workflow::Tokens;

/// Listens to Claude Code.
#[derive(Default)]
pub(super) struct Claude {
    account: Account,
}

/// A line: every field that is of interest in any of them.
#[derive(Deserialize)]
struct Line {
    r#type: String,
    /// Of a subagent's line: the tool use that it works for.
    parent_tool_use_id: Option<String>,
    message: Option<Message>,
    #[serde(default)]
    is_error: bool,
    subtype: Option<String>,
    result: Option<String>,
    usage: Option<Usage>,
    #[serde(default, rename = "modelUsage")]
    models: BTreeMap<String, Model>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Vec<Content>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Content {
    r#type: String,
}

#[derive(Deserialize, Clone, Copy)]
struct Usage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Model {
    context_window: Option<u64>,
}

impl Listener for Claude {
    fn line(&mut self, line: &str) -> Vec<SaidHook> {
        if let Ok(line) = serde_json::from_str::<Line>(line) {
            match line.r#type.as_str() {
                "assistant" => self.said(&line),
                "result" => self.ended(line),
                _ => {}
            }
        }
        Vec::new()
    }

    fn account(&self) -> Account {
        self.account.clone()
    }
}

impl Claude {
    fn said(&mut self, line: &Line) {
        let Some(message) = &line.message else { return };
        let uses = message.content.iter().filter(|content| content.r#type == "tool_use");
        let uses = u64::try_from(uses.count()).unwrap_or(u64::MAX);
        let before = self.account.tool_uses.unwrap_or(0);
        self.account.tool_uses = Some(before.saturating_add(uses));
        // A subagent has a context of its own.
        if let (Some(usage), None) = (message.usage, &line.parent_tool_use_id) {
            let read = [usage.input_tokens, usage.cache_read_input_tokens];
            let read = read.into_iter().chain([usage.cache_creation_input_tokens]).flatten();
            self.account.tokens.context_size = Some(read.fold(0, u64::saturating_add));
        }
    }

    fn ended(&mut self, line: Line) {
        if let Some(usage) = line.usage {
            self.account.tokens = Tokens {
                input: usage.input_tokens,
                output: usage.output_tokens,
                cache_read: usage.cache_read_input_tokens,
                cache_write: usage.cache_creation_input_tokens,
                ..self.account.tokens
            };
        }
        let windows = line.models.values().filter_map(|model| model.context_window);
        self.account.tokens.context_window_size = windows.max();
        if line.is_error {
            self.account.error = line.result.or(line.subtype);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_line_says_what_was_used() {
        let mut claude = Claude::default();
        for line in [
            r#"{"type":"system","subtype":"init","session_id":"a","tools":["Bash"]}"#,
            r#"{"type":"assistant","message":{"content":[{"type":"text","text":"x"},{"type":"tool_use","id":"t"}],"usage":{"input_tokens":5,"cache_read_input_tokens":100,"cache_creation_input_tokens":20,"output_tokens":1}},"parent_tool_use_id":null}"#,
            r#"{"type":"assistant","message":{"content":[{"type":"tool_use"}],"usage":{"input_tokens":9}},"parent_tool_use_id":"t"}"#,
            "no JSON",
            r#"{"type":"result","subtype":"success","is_error":false,"result":"done","usage":{"input_tokens":7,"output_tokens":3,"cache_read_input_tokens":200,"cache_creation_input_tokens":20},"modelUsage":{"small":{"contextWindow":100},"large":{"contextWindow":200000}}}"#,
        ] {
            assert_eq!(claude.line(line), Vec::new());
        }
        let tokens = Tokens {
            input: Some(7),
            output: Some(3),
            cache_read: Some(200),
            cache_write: Some(20),
            total: None,
            context_size: Some(125),
            context_window_size: Some(200_000),
        };
        let account = Account { tokens, error: None, tool_uses: Some(2), transport: None };
        assert_eq!(claude.account(), account);
    }

    #[test]
    fn an_error_is_what_it_says_of_it() {
        let error = |line| {
            let mut claude = Claude::default();
            claude.line(line);
            claude.account().error
        };
        let said = r#"{"type":"result","subtype":"success","is_error":true,"result":"no credit"}"#;
        assert_eq!(error(said).as_deref(), Some("no credit"));
        let silent = r#"{"type":"result","subtype":"error_max_turns","is_error":true}"#;
        assert_eq!(error(silent).as_deref(), Some("error_max_turns"));
    }
}
