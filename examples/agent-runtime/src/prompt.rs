//! Prompts: what an agent is told when its turn begins.
//!
//! Owns what is said besides the text of the workflow file, and in which order. Knows no life, and never
//! says anything twice: a turn that is run again is told what it was told, and what has come since.

use std::fmt::Write;

use crate::retry::Denial;

/// How many denials are told, the last ones.
const TOLD: usize = 20;

/// A prompt for one turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prompt {
    /// What the agent is told.
    pub text: String,
    /// Up to which steering message it holds those that waited, counted from 1; 0 for none. They
    /// are taken when the turn begins.
    pub messages: u32,
}

/// What is said besides, and in this order.
#[derive(Clone, Copy, Default, Debug)]
pub struct Besides<'a> {
    /// What was denied in the turn before.
    pub denials: &'a [Denial],
    /// What somebody said whom the workflow waited for.
    pub answer: Option<&'a str>,
    /// The steering messages that wait.
    pub messages: &'a [String],
    /// The number of the last of them, counted from 1; 0 if none waits.
    pub last: u32,
}

/// A prompt without messages, as whoever drives a recording has it.
impl From<String> for Prompt {
    fn from(text: String) -> Self {
        Self { text, messages: 0 }
    }
}

impl Besides<'_> {
    /// The text with everything that is to be said besides.
    #[must_use]
    pub fn after(&self, mut text: String) -> Prompt {
        // Writing to a `String` cannot fail.
        if !self.denials.is_empty() {
            let _ = write!(text, "\n\nPermission was denied before; find another way:");
        }
        let untold = self.denials.len().saturating_sub(TOLD);
        for Denial { tool, input, reason } in self.denials.iter().skip(untold) {
            let reason = reason.as_deref().unwrap_or("no reason was given");
            let _ = write!(text, "\n- {tool} {input}: {reason}");
        }
        if let Some(answer) = self.answer {
            let _ = write!(text, "\n\nWhat you waited for was answered:\n{answer}");
        }
        if !self.messages.is_empty() {
            let _ = write!(text, "\n\nFrom the person you work for:");
        }
        for message in self.messages {
            let _ = write!(text, "\n- {message}");
        }
        Prompt { text, messages: self.last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_said_once_and_in_order() {
        let denial = |input: &str, reason: Option<&str>| Denial {
            tool: "Bash".into(),
            input: input.into(),
            reason: reason.map(str::to_owned),
        };
        let mut denials = vec![denial("never told", None); 3];
        denials.extend(vec![denial("git push", Some("not today")); TOLD - 1]);
        denials.push(denial("git pull", None));
        let messages = ["one".to_owned(), "two".to_owned()];
        let besides =
            Besides { denials: &denials, answer: Some("yes"), messages: &messages, last: 2 };
        let many = "\n- Bash git push: not today".repeat(TOLD - 1);
        let expected = format!(
            "Go on\n\nPermission was denied before; find another way:{many}\n- Bash git pull: no reason was given\n\nWhat you waited for was answered:\nyes\
             \n\nFrom the person you work for:\n- one\n- two"
        );
        let expected = Prompt { text: expected, messages: 2 };
        assert_eq!(besides.after("Go on".into()), expected);
        assert_eq!(Besides::default().after("Go on".into()), Prompt::from("Go on".to_owned()));
    }
}
