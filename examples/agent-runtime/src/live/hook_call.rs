//! One call of the hook command by an agent: its JSON to the supervisor, the decision back.
//!
//! Owns the words in which Claude Code takes a decision. Whatever goes wrong, the agent goes on as
//! it would alone: nothing here ever blocks it by failing.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use vitae::{Clock, SystemClock};

use super::client::{Client, ClientError};
use super::protocol::{decision_line, hook_line};
use crate::request::Decision;

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
}

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
        let line = hook_line(self.id, self.json, SystemClock.now())?;
        let heard = |due| {
            if due {
                waiting();
            }
        };
        let decision = match client.say(&line, Instant::now() + self.wait, heard) {
            Err(ClientError::NoDecision) => self.give_up(client, &line)?,
            said => said?,
        };
        Ok(decision.and_then(|decision| output(&name, &decision)))
    }

    /// The wait is over: that is a decision too, unless another one was faster.
    fn give_up(&self, client: &Client, line: &str) -> Result<Option<Decision>, ClientError> {
        let over = json!({ "type": "passthrough", "source": "timeout" });
        let until = || Instant::now() + LAST_WORD;
        client.say(&decision_line(self.id, &over, SystemClock.now()), until(), |_| ())?;
        client.say(line, until(), |_| ())
    }
}

/// A decision in Claude Code's words; `None` is to say nothing, which leaves it to the agent.
fn output(hook: &str, decision: &Decision) -> Option<Value> {
    let decision = match (hook, decision) {
        ("PermissionRequest", Decision::Allow) => json!({ "behavior": "allow" }),
        ("PermissionRequest", Decision::Deny { reason }) => {
            let message = reason.as_deref().unwrap_or("The request was denied.");
            json!({ "behavior": "deny", "message": message })
        }
        ("Stop", Decision::Deny { reason }) => {
            // A reason must be given: it is what the agent goes on with.
            let reason = reason.as_deref().unwrap_or("The work is not done yet. Go on.");
            return Some(json!({ "decision": "block", "reason": reason }));
        }
        _ => return None,
    };
    Some(json!({ "hookSpecificOutput": { "hookEventName": hook, "decision": decision } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_said_in_the_agents_words() {
        let deny = |reason: Option<&str>| Decision::Deny { reason: reason.map(str::to_owned) };
        let of = |hook, decision: &Decision| output(hook, decision).map(|value| value.to_string());
        let nothing = Decision::NoOpinion { reason: "timeout".to_owned() };
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(
            of("PermissionRequest", &Decision::Allow),
            said(
                r#"{"hookSpecificOutput":{"decision":{"behavior":"allow"},"hookEventName":"PermissionRequest"}}"#
            )
        );
        assert_eq!(
            of("PermissionRequest", &deny(Some("no"))),
            said(
                r#"{"hookSpecificOutput":{"decision":{"behavior":"deny","message":"no"},"hookEventName":"PermissionRequest"}}"#
            )
        );
        assert_eq!(of("PermissionRequest", &nothing), None);
        assert_eq!(
            of("Stop", &deny(Some("go on"))),
            said(r#"{"decision":"block","reason":"go on"}"#)
        );
        assert_eq!(of("Stop", &Decision::Allow), None);
        assert_eq!(of("Stop", &nothing), None);
    }
}
