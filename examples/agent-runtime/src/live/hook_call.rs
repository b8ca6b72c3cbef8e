//! One call of the hook command by an agent: its JSON to the supervisor, the decision back.
//!
//! Owns the words in which Claude Code takes a decision. Whatever goes wrong, the agent goes on as
//! it would alone: nothing here ever blocks it by failing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use vitae::{Clock, SystemClock};

use super::client::{Client, ClientError};
use super::protocol::{Word, decision_line, hook_line};
use crate::hook::question::asked_by;
use crate::hook::{Hook, HookEvent, RunHook};
use crate::request::Decision;
use crate::run::Tool;
use crate::supervisor::Given;

/// How long the answer is waited for that the log must have by then.
const LAST_WORD: Duration = Duration::from_secs(5);

/// A call of the hook command.
#[derive(Debug)]
pub struct HookCall<'a> {
    /// The hook's id: the same id is the same hook.
    pub id: &'a str,
    /// What the agent gave on standard input.
    pub json: &'a str,
    /// How long a decision is waited for.
    pub wait: Duration,
    /// Whether a tool's use is asked leave for, where the agent itself would not ask: without a
    /// person before it, Claude Code calls `PreToolUse` and no `PermissionRequest`.
    pub asks: bool,
}

/// The hook by which an agent says that it will use a tool.
const TOOL: &str = "PreToolUse";

/// The hook by which it asks whether it may.
const REQUEST: &str = "PermissionRequest";

/// Why the agent goes on without a supervisor's say.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookCallError {
    /// What came on standard input is no hook.
    #[error("standard input has no hook's JSON")]
    Json(#[from] serde_json::Error),
    /// The supervisor was not reached, or did not take it.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl HookCall<'_> {
    /// Tells the supervisor, and gives what is to be printed: a decision, or `None` if there is
    /// none. `waiting` is called when the hook is on the log and a decision on it is waited for.
    ///
    /// # Errors
    /// [`HookCallError`] if the supervisor did not hear of it. The agent is to go on.
    pub fn tell(
        &self,
        client: &Client,
        mut waiting: impl FnMut(),
    ) -> Result<Option<Value>, HookCallError> {
        #[derive(Deserialize)]
        struct Head {
            hook_event_name: String,
        }
        let Head { hook_event_name: name } = serde_json::from_str(self.json)?;
        let json = if self.asks && name == TOOL {
            Cow::Owned(as_request(self.json)?)
        } else {
            Cow::Borrowed(self.json)
        };
        let line = hook_line(self.id, &json, SystemClock.now())?;
        let heard = |due| {
            if due {
                waiting();
            }
        };
        let word = match client.say(&line, Instant::now() + self.wait, heard) {
            Err(ClientError::NoDecision) => self.give_up(client, &line)?,
            said => said?,
        };
        Ok(word.and_then(|word| output(&name, asked_for(&json).as_ref(), &word)))
    }

    /// The wait is over: that is a decision too, unless another one was faster.
    fn give_up(&self, client: &Client, line: &str) -> Result<Option<Word>, ClientError> {
        let over = json!({ "type": "passthrough", "source": "timeout" });
        let until = || Instant::now() + LAST_WORD;
        client.say(&decision_line(self.id, &over, SystemClock.now()), until(), |_| ())?;
        client.say(line, until(), |_| ())
    }
}

/// The use of a tool, as a request for leave to use it.
fn as_request(json: &str) -> serde_json::Result<String> {
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(json)?;
    fields.insert("hook_event_name".to_owned(), serde_json::value::to_raw_value(REQUEST)?);
    serde_json::to_string(&fields)
}

/// The tool that leave is asked for.
fn asked_for(json: &str) -> Option<Tool> {
    match Hook::parse(json).ok()?.event {
        HookEvent::InRun(RunHook::PermissionRequest { tool }) => Some(tool),
        _ => None,
    }
}

/// The last word in Claude Code's words; `None` is to say nothing, which leaves it to the agent.
fn output(hook: &str, tool: Option<&Tool>, word: &Word) -> Option<Value> {
    let mut said = decided(hook, &word.decision)?;
    let Some(tool) = tool.filter(|tool| !asked_by(tool).is_empty()) else {
        return Some(said);
    };
    let place = match (hook, &word.decision) {
        (REQUEST, Decision::Allow) => "/hookSpecificOutput/decision",
        (TOOL, Decision::Allow) => "/hookSpecificOutput",
        _ => return Some(said),
    };
    // Allowed to ask, but not answered: the agent itself asks then, if nothing is said.
    let input = Some(&word.answers).filter(|answers| !answers.is_empty());
    let input = input.and_then(|answers| answered(tool, answers))?;
    said.pointer_mut(place)?.as_object_mut()?.insert("updatedInput".to_owned(), input);
    Some(said)
}

/// The input of a tool whose use is to ask, with the answers: they are what its use comes to.
fn answered(tool: &Tool, answers: &[Given]) -> Option<Value> {
    let mut input: Value = serde_json::from_str(&tool.input).ok()?;
    let answers = answers.iter().map(|given| (given.question.clone(), given.answer.clone().into()));
    input.as_object_mut()?.insert("answers".to_owned(), Value::Object(answers.collect()));
    Some(input)
}

/// A decision alone.
fn decided(hook: &str, decision: &Decision) -> Option<Value> {
    let denied = |reason: &Option<String>| match reason {
        Some(reason) => reason.clone(),
        None => "The request was denied.".to_owned(),
    };
    let said = match (hook, decision) {
        (REQUEST, Decision::Allow) => json!({ "decision": { "behavior": "allow" } }),
        (REQUEST, Decision::Deny { reason }) => {
            json!({ "decision": { "behavior": "deny", "message": denied(reason) } })
        }
        (TOOL, Decision::Allow) => json!({ "permissionDecision": "allow" }),
        (TOOL, Decision::Deny { reason }) => {
            json!({ "permissionDecision": "deny", "permissionDecisionReason": denied(reason) })
        }
        ("Stop", Decision::Deny { reason }) => {
            // A reason must be given: it is what the agent goes on with.
            let reason = reason.as_deref().unwrap_or("The work is not done yet. Go on.");
            return Some(json!({ "decision": "block", "reason": reason }));
        }
        _ => return None,
    };
    let mut output = json!({ "hookEventName": hook });
    if let (Some(output), Value::Object(said)) = (output.as_object_mut(), said) {
        output.extend(said);
    }
    Some(json!({ "hookSpecificOutput": output }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_said_in_the_agents_words() {
        let deny = |reason: Option<&str>| Decision::Deny { reason: reason.map(str::to_owned) };
        let nothing = Decision::NoOpinion { reason: "timeout".to_owned() };
        let specific = |fields| Some(json!({ "hookSpecificOutput": fields }));
        assert_eq!(
            decided(REQUEST, &Decision::Allow),
            specific(json!({ "hookEventName": REQUEST, "decision": { "behavior": "allow" } }))
        );
        let decision = json!({ "behavior": "deny", "message": "no" });
        assert_eq!(
            decided(REQUEST, &deny(Some("no"))),
            specific(json!({ "hookEventName": REQUEST, "decision": decision }))
        );
        assert_eq!(
            decided(TOOL, &Decision::Allow),
            specific(json!({ "hookEventName": TOOL, "permissionDecision": "allow" }))
        );
        assert_eq!(
            decided(TOOL, &deny(None)),
            specific(json!({
                "hookEventName": TOOL,
                "permissionDecision": "deny",
                "permissionDecisionReason": "The request was denied.",
            }))
        );
        let block = json!({ "decision": "block", "reason": "go on" });
        assert_eq!(decided("Stop", &deny(Some("go on"))), Some(block));
        assert_eq!(decided("Stop", &Decision::Allow), None);
        for hook in [REQUEST, TOOL, "Stop"] {
            assert_eq!(decided(hook, &nothing), None);
        }
    }

    #[test]
    fn nothing_is_said_of_a_question_that_nobody_has_answered() {
        let input = r#"{"questions":[{"question":"Why?"}]}"#.to_owned();
        let mut tool = Tool { name: "AskUserQuestion".to_owned(), use_id: None, input };
        let word = |decision| Word { decision, answers: Vec::new() };
        let allowed = word(Decision::Allow);
        for hook in [REQUEST, TOOL] {
            assert_eq!(output(hook, Some(&tool), &allowed), None);
            let denied = word(Decision::Deny { reason: None });
            assert_eq!(output(hook, Some(&tool), &denied), decided(hook, &denied.decision));
        }
        tool.input = "{}".to_owned();
        assert!(output(REQUEST, Some(&tool), &allowed).is_some());
    }

    #[test]
    fn a_use_of_a_tool_becomes_a_request() {
        let json =
            r#"{"hook_event_name":"PreToolUse","session_id":"a","tool_input":{"b":1,"a":1.50}}"#;
        let request = r#"{"hook_event_name":"PermissionRequest","session_id":"a","tool_input":{"b":1,"a":1.50}}"#;
        assert_eq!(as_request(json).unwrap(), request);
    }
}
