//! Prompts: what an agent is told when its turn begins.
//!
//! Owns what is said besides the text of the workflow file, and in which order. Knows no life, and never
//! says anything twice: a turn that is run again is told what it was told, and what has come since.

use std::fmt::Write;

use crate::retry::Denial;

/// How many denials are told at the most, the last ones.
const TOLD: usize = 20;

/// How long a prompt may become by what was denied, in bytes. One that is run again has those of the time
/// before in it already, and an event of the log has room for 1 MiB.
const ROOM: usize = 128 * 1024;

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
        self.tell_denials(&mut text);
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

    /// Those that there is room for, the last ones first to have it.
    fn tell_denials(&self, text: &mut String) {
        if self.denials.is_empty() {
            return;
        }
        let mut room = ROOM.saturating_sub(text.len());
        let lines = self.denials.iter().rev().take(TOLD).map(line_of).map_while(|line| {
            room = room.checked_sub(line.len())?;
            Some(line)
        });
        let mut lines: Vec<String> = lines.collect();
        lines.reverse();
        text.push_str("\n\nPermission was denied before; find another way:");
        let untold = self.denials.len().saturating_sub(lines.len());
        if untold > 0 {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "\n- left out: {untold}");
        }
        text.extend(lines);
    }
}

fn line_of(Denial { tool, input, reason }: &Denial) -> String {
    let reason = reason.as_deref().unwrap_or("no reason was given");
    format!("\n- {tool} {input}: {reason}")
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
            "Go on\n\nPermission was denied before; find another way:\n- left out: 3{many}\n- Bash git pull: no reason was given\n\nWhat you waited for was answered:\nyes\
             \n\nFrom the person you work for:\n- one\n- two"
        );
        let expected = Prompt { text: expected, messages: 2 };
        assert_eq!(besides.after("Go on".into()), expected);
        // However often a turn is run again: each time it is told what was denied, while there is room.
        let long = Denial { tool: "Bash".into(), input: "x".repeat(20_000), reason: None };
        let denials = vec![long; TOLD];
        let besides = Besides { denials: &denials, ..Besides::default() };
        let mut text = besides.after("Go on".into()).text;
        assert!(text.contains("- left out: 14\n- Bash x"), "{}", text.len());
        for _ in 0..100 {
            text = besides.after(text).text;
        }
        assert!(text.len() < ROOM + 100 * 100, "{}", text.len());
        assert!(text.ends_with("- left out: 20"));
        assert_eq!(Besides::default().after("Go on".into()), Prompt::from("Go on".to_owned()));
    }
}
