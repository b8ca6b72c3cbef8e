//! Codex' words on its standard output (`codex exec --json`).
//!
//! Codex calls no hooks, so its events stand in for them: a thread is an agent session, an item a
//! tool use. It asks nobody for leave: what it may do is set where it is started.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Account, Listener, SaidHook};
use crate::workflow::Tokens;

/// Listens to Codex.
pub(super) struct Codex {
    /// What tells this turn's hooks from those of all others: a thread may go on in a further turn.
    turn: String,
    prompt: String,
    /// Its session, once it has said which.
    thread: Option<String>,
    /// How many hooks were said.
    hooks: u64,
    /// The items that have begun.
    begun: Vec<String>,
    /// The last thing that it said to the person.
    message: Option<String>,
    account: Account,
}

#[derive(Deserialize)]
struct Event {
    r#type: String,
    thread_id: Option<String>,
    item: Option<Item>,
    usage: Option<Usage>,
    /// What went wrong: an object with a `message`, most often.
    error: Option<Value>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    r#type: String,
    /// What an item of this type has.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct Usage {
    input_tokens: Option<u64>,
    cached_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

impl Codex {
    pub(super) fn new(turn: String, prompt: String) -> Self {
        let account = Account { tool_uses: Some(0), ..Account::default() };
        Self { turn, prompt, thread: None, hooks: 0, begun: Vec::new(), message: None, account }
    }

    fn hook(&mut self, name: &str, fields: Value) -> Vec<SaidHook> {
        // Before it has said which thread it is, there is nobody on the line.
        let Some(thread) = self.thread.clone() else {
            return Vec::new();
        };
        self.hooks = self.hooks.saturating_add(1);
        let mut hook = json!({ "hook_event_name": name, "session_id": thread });
        if let (Some(hook), Value::Object(fields)) = (hook.as_object_mut(), fields) {
            hook.extend(fields);
        }
        vec![SaidHook { id: format!("codex/{}/{}", self.turn, self.hooks), json: hook.to_string() }]
    }

    fn began(&mut self, item: &Item) -> Vec<SaidHook> {
        let Some((tool, input)) = tool_of(item) else {
            return Vec::new();
        };
        self.begun.push(item.id.clone());
        self.account.tool_uses = self.account.tool_uses.map(|uses| uses.saturating_add(1));
        let fields = json!({ "tool_name": tool, "tool_input": input, "tool_use_id": item.id });
        self.hook("PreToolUse", fields)
    }

    fn completed(&mut self, item: &Item) -> Vec<SaidHook> {
        if item.r#type == "agent_message" {
            self.message = item.rest.get("text").and_then(Value::as_str).map(str::to_owned);
        }
        let Some((tool, input)) = tool_of(item) else {
            return Vec::new();
        };
        // Some items are over when they are first heard of.
        let mut hooks = Vec::new();
        match self.begun.iter().position(|begun| *begun == item.id) {
            Some(at) => drop(self.begun.swap_remove(at)),
            None => {
                hooks = self.began(item);
                self.begun.pop();
            }
        }
        let output = item.rest.get("aggregated_output").or_else(|| item.rest.get("result"));
        let (name, field, value) = match failure_of(item) {
            Some(error) => ("PostToolUseFailure", "error", error.into()),
            None => ("PostToolUse", "tool_response", output.cloned().unwrap_or(Value::Null)),
        };
        let fields = json!({
            "tool_name": tool,
            "tool_input": input,
            "tool_use_id": item.id,
            field: value,
        });
        hooks.extend(self.hook(name, fields));
        hooks
    }

    fn used(&mut self, usage: &Usage) {
        let cached = usage.cached_input_tokens.unwrap_or(0);
        self.account.tokens = Tokens {
            // Codex counts what it read from its cache among the input.
            input: usage.input_tokens.map(|input| input.saturating_sub(cached)),
            output: usage.output_tokens,
            cache_read: usage.cached_input_tokens,
            ..Tokens::default()
        };
    }
}

impl Listener for Codex {
    fn line(&mut self, line: &str) -> Vec<SaidHook> {
        let Ok(event) = serde_json::from_str::<Event>(line) else {
            return Vec::new();
        };
        match (event.r#type.as_str(), event.item) {
            ("thread.started", _) => {
                self.thread = event.thread_id;
                self.hook("SessionStart", json!({ "source": "startup" }))
            }
            ("turn.started", _) => {
                self.message = None;
                let prompt = self.prompt.clone();
                self.hook("UserPromptSubmit", json!({ "prompt": prompt }))
            }
            ("item.started", Some(item)) => self.began(&item),
            ("item.completed", Some(item)) => self.completed(&item),
            ("turn.completed", _) => {
                // What went wrong before it was got over.
                self.account.error = None;
                if let Some(usage) = &event.usage {
                    self.used(usage);
                }
                let message = self.message.take();
                self.hook("Stop", json!({ "last_assistant_message": message, "stopped": true }))
            }
            ("turn.failed" | "error", _) => {
                let error = event.error.as_ref().map(trouble).or(event.message);
                self.account.error = Some(error.unwrap_or_else(|| "the turn failed".to_owned()));
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn end(&mut self) -> Vec<SaidHook> {
        self.hook("SessionEnd", json!({ "reason": "other" }))
    }

    fn account(&self) -> Account {
        self.account.clone()
    }
}

/// The tool that an item uses, and what it is given.
fn tool_of(item: &Item) -> Option<(String, Value)> {
    let field = |name: &str| item.rest.get(name).cloned().unwrap_or(Value::Null);
    let text = |name: &str| item.rest.get(name).and_then(Value::as_str).unwrap_or("unknown");
    match item.r#type.as_str() {
        "command_execution" => Some(("Bash".to_owned(), json!({ "command": field("command") }))),
        "file_change" => Some(("Edit".to_owned(), json!({ "changes": field("changes") }))),
        "web_search" => Some(("WebSearch".to_owned(), json!({ "query": field("query") }))),
        "mcp_tool_call" => {
            Some((format!("mcp__{}__{}", text("server"), text("tool")), field("arguments")))
        }
        _ => None,
    }
}

/// What went wrong with an item, if anything.
fn failure_of(item: &Item) -> Option<String> {
    let status = item.rest.get("status").and_then(Value::as_str);
    let code = item.rest.get("exit_code").and_then(Value::as_i64).filter(|code| *code != 0);
    let error = item.rest.get("error").filter(|error| !error.is_null());
    match (status, code) {
        (_, Some(code)) => Some(format!("Command exited with status code {code}")),
        (Some("failed" | "declined"), None) => {
            Some(error.map_or_else(|| "the tool failed".to_owned(), trouble))
        }
        _ => None,
    }
}

/// What an error says, whatever shape it has.
fn trouble(error: &Value) -> String {
    let message = error.get("message").unwrap_or(error);
    message.as_str().map_or_else(|| message.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hooks' names, and the tool with each.
    fn hooks_of(lines: &[&str]) -> (Vec<String>, Account) {
        let mut codex = Codex::new("turn-1".to_owned(), "make it pass".to_owned());
        let mut hooks: Vec<SaidHook> = lines.iter().flat_map(|line| codex.line(line)).collect();
        hooks.extend(codex.end());
        let said = hooks.iter().enumerate().map(|(index, hook)| {
            assert_eq!(hook.id, format!("codex/turn-1/{}", index + 1));
            crate::hook::Hook::parse(&hook.json).unwrap();
            let hook: Value = serde_json::from_str(&hook.json).unwrap();
            let text = |name: &str| hook[name].as_str().unwrap_or("").to_owned();
            format!("{} {}", text("hook_event_name"), text("tool_name")).trim().to_owned()
        });
        (said.collect(), codex.account())
    }

    #[test]
    fn events_become_hooks() {
        let (hooks, account) = hooks_of(&[
            r#"{"type":"thread.started","thread_id":"th"}"#,
            r#"{"type":"turn.started"}"#,
            r#"{"type":"item.started","item":{"id":"item_0","type":"command_execution","command":"cargo test","aggregated_output":"","exit_code":null,"status":"in_progress"}}"#,
            r#"{"type":"item.completed","item":{"id":"item_0","type":"command_execution","command":"cargo test","aggregated_output":"no","exit_code":101,"status":"failed"}}"#,
            r#"{"type":"item.completed","item":{"id":"item_1","type":"file_change","changes":[{"path":"a.rs","kind":"update"}],"status":"completed"}}"#,
            r#"{"type":"item.completed","item":{"id":"item_2","type":"reasoning","text":"hm"}}"#,
            r#"{"type":"item.completed","item":{"id":"item_3","type":"mcp_tool_call","server":"docs","tool":"find","arguments":{"q":1},"result":{"content":[]},"error":null,"status":"completed"}}"#,
            r#"{"type":"item.completed","item":{"id":"item_4","type":"agent_message","text":"All pass."}}"#,
            r#"{"type":"turn.completed","usage":{"input_tokens":100,"cached_input_tokens":60,"output_tokens":9}}"#,
        ]);
        assert_eq!(
            hooks,
            [
                "SessionStart",
                "UserPromptSubmit",
                "PreToolUse Bash",
                "PostToolUseFailure Bash",
                "PreToolUse Edit",
                "PostToolUse Edit",
                "PreToolUse mcp__docs__find",
                "PostToolUse mcp__docs__find",
                "Stop",
                "SessionEnd",
            ]
        );
        let tokens =
            Tokens { input: Some(40), output: Some(9), cache_read: Some(60), ..Tokens::default() };
        let expected = Account { tokens, error: None, tool_uses: Some(3), transport: None };
        assert_eq!(account, expected);
    }

    #[test]
    fn a_failed_turn_says_why() {
        let (hooks, account) = hooks_of(&[
            r#"{"type":"thread.started","thread_id":"th"}"#,
            r#"{"type":"turn.failed","error":{"message":"out of credit"}}"#,
        ]);
        assert_eq!(hooks, ["SessionStart", "SessionEnd"]);
        assert_eq!(account.error.as_deref(), Some("out of credit"));
        // Whatever shape it has.
        for (line, why) in [
            (r#"{"type":"turn.failed","error":"out of credit"}"#, "out of credit"),
            (r#"{"type":"turn.failed","error":{"code":7}}"#, r#"{"code":7}"#),
            (r#"{"type":"turn.failed","error":null,"message":"gone"}"#, "gone"),
            (r#"{"type":"turn.failed"}"#, "the turn failed"),
        ] {
            assert_eq!(hooks_of(&[line]).1.error.as_deref(), Some(why), "{line}");
        }
        let gone = r#"{"type":"error","message":"gone"}"#;
        assert_eq!(hooks_of(&[gone]).1.error.as_deref(), Some("gone"));
        assert_eq!(hooks_of(&[gone, r#"{"type":"turn.completed"}"#]).1.error, None);
    }

    #[test]
    fn what_was_said_in_a_turn_that_failed_is_not_said_again() {
        let mut codex = Codex::new("turn-1".to_owned(), String::new());
        let mut hooks = Vec::new();
        for line in [
            r#"{"type":"thread.started","thread_id":"th"}"#,
            r#"{"type":"turn.started"}"#,
            r#"{"type":"item.completed","item":{"id":"0","type":"agent_message","text":"Wait."}}"#,
            r#"{"type":"turn.failed","error":{"message":"gone"}}"#,
            r#"{"type":"turn.started"}"#,
            r#"{"type":"turn.completed"}"#,
        ] {
            hooks = codex.line(line);
        }
        let stop: Value = serde_json::from_str(&hooks[0].json).unwrap();
        assert_eq!(stop["last_assistant_message"], Value::Null);
    }
}
